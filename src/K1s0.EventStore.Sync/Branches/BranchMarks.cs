namespace K1s0.EventStore.Sync;

/// <summary>
/// The logs of which the branch here is to be given up where that of a peer wins. Guarded by whoever guards the
/// replica.
/// </summary>
/// <remarks>
/// What an operator allowed is for the fork that is there, not for one that a peer makes later: a mark ends when
/// another branch was found, whatever came of that, and after so many comparisons that found the same, with one peer or
/// with several.
/// </remarks>
internal sealed class BranchMarks
{
    /// <summary>A mark ends when so many comparisons in a row found the same.</summary>
    public const int MaxSame = 16;

    // How often the same was found.
    private readonly SortedDictionary<Origin, int> _origins = new(Comparer<Origin>.Create(Origin.Compare));

    public List<Origin> Origins => [.. _origins.Keys];

    public void Add(Origin origin) => _origins[origin] = 0;

    /// <summary>A peer has the same log.</summary>
    public void FoundSame(Origin origin)
    {
        if (_origins.TryGetValue(origin, out var same) && (_origins[origin] = same + 1) >= MaxSame)
        {
            _origins.Remove(origin);
        }
    }

    /// <summary>A peer has another branch: it was taken, or was not.</summary>
    public void FoundOther(Origin origin) => _origins.Remove(origin);
}
