namespace K1s0.EventStore.Sync.Simulation;

/// <summary>What really happened, kept beside the replicas and compared with what they say.</summary>
internal sealed class Truth
{
    private readonly Dictionary<Dot, DeliveredEvent> _events = [];
    private readonly HashSet<Origin> _doubtful = [];
    private readonly HashSet<Dot> _forked = [];

    /// <summary>Every event that anybody has seen.</summary>
    public IEnumerable<DeliveredEvent> Events => _events.Values;

    /// <summary>Whether some log has two versions, as only a restored replica may bring about.</summary>
    public bool HasForks => _forked.Count > 0;

    /// <summary>From now on this log may be written by somebody who has lost its end.</summary>
    public void Doubt(Origin origin) => _doubtful.Add(origin);

    public bool IsDoubtful(Origin origin) => _doubtful.Contains(origin);

    /// <summary>Whether the dot stands for another event than this; then it is written down as a fork.</summary>
    public bool IsReused(SyncEvent seen) =>
        _events.TryGetValue(seen.Dot, out var known) && known.Event.Hash != seen.Hash;

    /// <summary>Whether this very event was written, as far as its log has one version.</summary>
    public bool IsKnown(SyncEvent seen) => HasForks || (_events.TryGetValue(seen.Dot, out var known) && known.Event.Hash == seen.Hash);

    public StreamId StreamOf(Dot dot) => _events[dot].Event.Envelope.StreamId;

    /// <summary>Of every log one branch is left, and this is what happened.</summary>
    public void Settle(IEnumerable<DeliveredEvent> history)
    {
        _forked.Clear();
        _events.Clear();
        foreach (var one in history)
        {
            _events.Add(one.Event.Dot, one);
        }
    }

    /// <summary>Somebody has this event now.</summary>
    public void Saw(string who, DeliveredEvent seen)
    {
        if (_events.TryAdd(seen.Event.Dot, seen))
        {
            CheckFirst(who, seen);
            return;
        }

        var known = _events[seen.Event.Dot];
        if (known.Event.Hash != seen.Event.Hash)
        {
            if (!_doubtful.Contains(seen.Event.Dot.Origin))
            {
                throw new SimulationFailedException($"{who} has another event under {seen.Event.Dot} than was written first.");
            }

            _forked.Add(seen.Event.Dot);
        }
        else if (!known.Context.Equals(seen.Context) && !HasForks)
        {
            throw new SimulationFailedException($"{who} has {seen.Event.Dot} with the context {seen.Context}, not {known.Context}.");
        }
    }

    // Chain and clock: an event builds on the one before it, and is later than everything that its writer had seen.
    private void CheckFirst(string who, DeliveredEvent seen)
    {
        var (dot, previous) = (seen.Event.Dot, SyncEvent.Genesis(seen.Event.Dot.Origin));
        if (dot.Sequence > 1)
        {
            if (!_events.TryGetValue(dot with { Sequence = dot.Sequence - 1 }, out var before))
            {
                throw new SimulationFailedException($"{who} has {dot}, and nobody has seen the event before it.");
            }

            previous = before.Event.Hash;
            CheckTime(who, seen, before);
        }

        if (seen.Event.Previous != previous && !_doubtful.Contains(dot.Origin))
        {
            throw new SimulationFailedException($"{who} has {dot}, which does not build on the event before it.");
        }

        foreach (var cause in seen.Context.Entries)
        {
            CheckTime(who, seen, _events.TryGetValue(cause, out var known)
                ? known
                : throw new SimulationFailedException($"{who} has {dot}, whose cause {cause} nobody has seen."));
        }
    }

    private void CheckTime(string who, DeliveredEvent seen, DeliveredEvent cause)
    {
        if (seen.Event.Time <= cause.Event.Time && !_doubtful.Contains(cause.Event.Dot.Origin))
        {
            throw new SimulationFailedException($"{who} has {seen.Event.Dot}, which is not later than its cause {cause.Event.Dot}.");
        }
    }
}
