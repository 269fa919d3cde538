namespace K1s0.EventStore.Sync;

/// <summary>
/// A set in which an addition wins over a removal that did not know of it. A removal leaves nothing behind: whatever it
/// knew of has been delivered before it, so no addition can come later that it should have removed.
/// </summary>
internal sealed class SetPolicy(Func<EventEnvelope, SetChange> change) : ConflictPolicy("set")
{
    internal override KeyState NewState(ConflictKey key) => new SetState(key, this);

    public sealed class SetState(ConflictKey key, SetPolicy policy) : KeyState(key, policy)
    {
        private readonly SetPolicy _policy = policy;

        // For each element that is there, the additions that no later event knew of.
        private readonly Dictionary<string, List<Dot>> _additions = new(StringComparer.Ordinal);

        public IEnumerable<string> Elements => _additions.Keys.Order(StringComparer.Ordinal);

        /// <summary>The same, with the additions, in an order that all replicas share.</summary>
        public IEnumerable<(string Element, Dot[] Dots)> Additions => Elements.Select(element =>
            (element, VectorClock.Of([.. _additions[element]]).Entries.ToArray()));

        /// <summary>Takes over an element of a snapshot.</summary>
        public void Restore(string element, Dot[] dots) => _additions[element] = [.. dots];

        public override void Apply(DeliveredEvent delivered, ICollection<Dot>? superseded)
        {
            // The application's function first: when it throws, nothing has changed.
            var (element, isAdd) = _policy.Change(delivered.Event.Envelope);
            base.Apply(delivered, superseded);
            if (_additions.TryGetValue(element, out var additions))
            {
                additions.RemoveAll(delivered.HasSeen);
            }

            if (isAdd)
            {
                (additions ?? (_additions[element] = [])).Add(delivered.Event.Dot);
            }
            else if (additions is { Count: 0 })
            {
                _additions.Remove(element);
            }
        }
    }

    private SetChange Change(EventEnvelope envelope) =>
        change(envelope) is { Element: not null } read
            ? read
            : throw new InvalidOperationException($"The change of event {envelope.Id} names no element.");
}
