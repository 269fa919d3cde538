namespace K1s0.EventStore.Sync;

/// <summary>A sum.</summary>
internal sealed class CounterPolicy(Func<EventEnvelope, long> delta) : ConflictPolicy("counter")
{
    internal override KeyState NewState(ConflictKey key) => new CounterState(key, this);

    public sealed class CounterState(ConflictKey key, CounterPolicy policy) : KeyState(key, policy)
    {
        private readonly CounterPolicy _policy = policy;

        /// <summary>Wide enough for as many events as a log can have.</summary>
        public Int128 Value { get; private set; }

        /// <summary>Takes over the sum of a snapshot.</summary>
        public void Restore(Int128 value) => Value = value;

        public override void Apply(DeliveredEvent delivered, ICollection<Dot>? superseded)
        {
            // The application's function first: when it throws, nothing has changed.
            var delta = _policy.Delta(delivered.Event.Envelope);
            base.Apply(delivered, superseded);
            Value += delta;
        }
    }

    private long Delta(EventEnvelope envelope) => delta(envelope);
}
