namespace K1s0.EventStore.Sync;

/// <summary>
/// The logs of which the branch here is to be given up where that of a peer wins. Guarded by whoever guards the
/// replica.
/// </summary>
internal sealed class BranchMarks
{
    private readonly SortedSet<Origin> _origins = new(Comparer<Origin>.Create(Origin.Compare));

    /// <summary>How often a branch was given up, for those who look at a log from outside of the gate.</summary>
    public long Adoptions { get; private set; }

    public List<Origin> Origins => [.. _origins];

    public void Add(Origin origin) => _origins.Add(origin);

    /// <summary>The branch of a log was given up.</summary>
    public void Adopted(Origin origin)
    {
        Adoptions++;
        _origins.Remove(origin);
    }
}
