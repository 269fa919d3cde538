namespace K1s0.EventStore.Sync;

/// <summary>
/// Which events a peer is not given in one round: those that it may not have or that are not here, those behind them in
/// their logs, and those that build on any of these, because there they would wait for ever.
/// </summary>
internal sealed class WithheldEvents(PeerRights rights)
{
    // From which event on a log is withheld.
    private readonly Dictionary<Origin, long> _from = [];

    public bool IsAny => _from.Count > 0;

    /// <summary>A log cannot be given from an event on: what is before it here is not here.</summary>
    public void Add(Dot first) => _from.Add(first.Origin, first.Sequence);

    /// <summary>Looks at the next event of a log; events come with their causes before them.</summary>
    public bool Withholds(SyncEvent next, VectorClock held)
    {
        if (rights.GivesAll && !IsAny)
        {
            return false;
        }

        if (_from.ContainsKey(next.Dot.Origin))
        {
            return true;
        }

        if (rights.MayBeGiven(next) && !BuildsOnWithheld(next, held))
        {
            return false;
        }

        _from.Add(next.Dot.Origin, next.Dot.Sequence);
        return true;
    }

    private bool BuildsOnWithheld(SyncEvent next, VectorClock held)
    {
        foreach (var cause in next.Observed.Entries)
        {
            var isWithheld = rights.CanSeeLog?.Invoke(cause.Origin) is false
                || (_from.TryGetValue(cause.Origin, out var from) && cause.Sequence >= from);
            if (isWithheld && !held.Covers(cause))
            {
                return true;
            }
        }

        return false;
    }
}
