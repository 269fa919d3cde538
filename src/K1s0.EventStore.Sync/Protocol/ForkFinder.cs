namespace K1s0.EventStore.Sync;

/// <summary>
/// Finds out in a round of which logs the peer holds another version, by the hashes of the ends that it told.
/// </summary>
internal sealed class ForkFinder(Replica replica)
{
    private readonly HashSet<Origin> _found = [];
    private Dictionary<Origin, ulong> _theirHashes = [];
    private VectorClock _theirs = VectorClock.Empty;

    /// <summary>Origins of whose logs the peer holds another version.</summary>
    public IReadOnlyCollection<Origin> Found => _found;

    public bool Has(Origin origin) => _found.Contains(origin);

    public void Begin(VectorClock theirs, Dictionary<Origin, ulong> theirHashes) =>
        (_theirs, _theirHashes) = (theirs, theirHashes);

    /// <summary>
    /// Compares the ends of a log that is as long there as here. Only what was compared is confirmed: a log that stands
    /// as at a checkpoint was not told again.
    /// </summary>
    public void Compare(Dot end)
    {
        if (_theirHashes.TryGetValue(end.Origin, out var hash))
        {
            Compare(end, hash == VectorFrame.ShortHash(replica.HashOf(end.Origin)));
        }
    }

    /// <summary>The first event that the peer lacks names the one that it should have.</summary>
    public void Check(SyncEvent next)
    {
        var known = next.Dot with { Sequence = _theirs[next.Dot.Origin] };
        if (next.Dot.Sequence == known.Sequence + 1
            && known.Sequence > 0
            && _theirHashes.TryGetValue(known.Origin, out var hash))
        {
            Compare(known, hash == VectorFrame.ShortHash(next.Previous));
        }
    }

    private void Compare(Dot known, bool isOurs)
    {
        if (!isOurs)
        {
            _found.Add(known.Origin);
        }

        if (known.Origin == replica.Self)
        {
            replica.Witness(known.Sequence, isOurs);
        }
    }
}
