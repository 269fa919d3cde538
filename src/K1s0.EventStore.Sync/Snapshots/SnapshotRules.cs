namespace K1s0.EventStore.Sync.Snapshots;

/// <summary>Which snapshot may take the place of which.</summary>
internal static class SnapshotRules
{
    /// <summary>
    /// <see cref="SnapshotEnd.Installed"/> when the candidate may be installed, otherwise why it may not.
    /// </summary>
    public static SnapshotEnd Check(SnapshotManifest candidate, SnapshotManifest? installed)
    {
        if (installed is null)
        {
            return SnapshotEnd.Installed;
        }

        if (candidate.Root == installed.Root)
        {
            return SnapshotEnd.AlreadyInstalled;
        }

        var known = candidate.Heads.ToDictionary(head => head.Last, head => head.Hash);
        if (installed.Heads.Any(head => known.TryGetValue(head.Last, out var hash) && hash != head.Hash))
        {
            return SnapshotEnd.Forked;
        }

        var relation = candidate.Clock.Compare(installed.Clock);
        return relation is CausalRelation.Before or CausalRelation.Concurrent ? SnapshotEnd.Older
            : relation is CausalRelation.Equal && candidate.SchemaVersion == installed.SchemaVersion
                ? SnapshotEnd.Contradicting
            : SnapshotEnd.Installed;
    }

    /// <summary>Whether the frontier names another event than the replica has at the end of a log.</summary>
    public static bool IsForkedFrom(SnapshotManifest candidate, Replica replica)
    {
        foreach (var head in candidate.Heads)
        {
            if (replica.HeadOf(head.Last.Origin) is var own && own.Last == head.Last && own.Hash != head.Hash)
            {
                return true;
            }
        }

        return false;
    }
}
