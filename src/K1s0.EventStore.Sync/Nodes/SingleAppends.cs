namespace K1s0.EventStore.Sync;

/// <summary>
/// Stores events one by one, after a store has refused one among them: the others are kept, without those that build on
/// it.
/// </summary>
internal static class SingleAppends
{
    public static async Task<(List<DeliveredEvent> Kept, List<SyncEvent> Refused)> AppendAsync(
        IReplicaStore store, IReadOnlyList<DeliveredEvent> events)
    {
        var (kept, refused) = (new List<DeliveredEvent>(), new List<SyncEvent>());

        // The first of them may be there already.
        var heads = await store.ReadHeadsAsync(CancellationToken.None).ConfigureAwait(false);
        var known = heads.ToDictionary(head => head.Last.Origin, head => head.Last.Sequence);
        foreach (var delivered in events)
        {
            var dot = delivered.Event.Dot;
            var isKept = Covers(known, dot)
                || (BuildsOn(known, delivered.Event) && await TryAsync(store, delivered).ConfigureAwait(false));
            if (isKept)
            {
                known[dot.Origin] = Math.Max(known.GetValueOrDefault(dot.Origin), dot.Sequence);
                kept.Add(delivered);
            }
            else
            {
                refused.Add(delivered.Event);
            }
        }

        return (kept, refused);
    }

    private static bool Covers(Dictionary<Origin, long> known, Dot dot) =>
        known.GetValueOrDefault(dot.Origin) >= dot.Sequence;

    private static bool BuildsOn(Dictionary<Origin, long> known, SyncEvent next)
    {
        if (known.GetValueOrDefault(next.Dot.Origin) != next.Dot.Sequence - 1)
        {
            return false;
        }

        foreach (var cause in next.Observed.Entries)
        {
            if (!Covers(known, cause))
            {
                return false;
            }
        }

        return true;
    }

    private static async Task<bool> TryAsync(IReplicaStore store, DeliveredEvent delivered)
    {
        try
        {
            await store.AppendAsync([delivered], CancellationToken.None).ConfigureAwait(false);
            return true;
        }
        catch (InvalidEventException)
        {
            // The session's report says so.
            return false;
        }
    }
}
