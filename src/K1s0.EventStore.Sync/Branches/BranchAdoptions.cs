using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync;

/// <summary>
/// Which branches were given up for others since the node was opened, whatever became of the sessions. Changed inside
/// of the replica's gate; <see cref="Done"/> may be read by anybody.
/// </summary>
internal sealed class BranchAdoptions
{
    /// <summary>The last so many are kept.</summary>
    public const int MaxKept = 1_024;

    // Replaced, never changed.
    private volatile IReadOnlyList<AdoptedBranch> _done = [];

    // With the hash of its last event. What an exception left of it is known when the store was read anew.
    private (AdoptedBranch Branch, Sha256Digest Hash)? _underWay;

    public IReadOnlyList<AdoptedBranch> Done => _done;

    public void Begin(IReadOnlyList<SyncEvent> branch)
    {
        var (first, last) = (branch[0].Dot, branch[^1]);
        _underWay = (new AdoptedBranch(first.Origin, first.Sequence, last.Dot.Sequence), last.Hash);
    }

    /// <summary>A replica stands as its store does.</summary>
    public void End(Replica replica)
    {
        if (_underWay is var (branch, hash) && replica.HashOf(branch.Origin) == hash)
        {
            _done = [.. _done.TakeLast(MaxKept - 1), branch];
        }

        _underWay = null;
    }
}
