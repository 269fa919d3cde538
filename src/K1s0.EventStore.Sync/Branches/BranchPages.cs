using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync;

/// <summary>
/// The events of a peer's branch while they come: which hashes the peer says that they have, which came, and which are
/// to be asked for.
/// </summary>
internal sealed class BranchPages
{
    private readonly Dictionary<long, Sha256Digest> _expected = [];
    private readonly SortedDictionary<long, SyncEvent> _events = [];
    private List<long> _missing = [];
    private List<long> _asked = [];

    /// <summary>The first event that differs, as far as it is known.</summary>
    public long First { get; private set; }

    /// <summary>How many bytes have come.</summary>
    public long Bytes { get; private set; }

    public void Clear()
    {
        _expected.Clear();
        _events.Clear();
        _missing.Clear();
        _asked.Clear();
        (First, Bytes) = (0, 0);
    }

    public Sha256Digest HashOf(long sequence) => _expected[sequence];

    /// <summary>
    /// What differs in a part of the log: all from the first that does. False when the peer does not say so.
    /// </summary>
    public bool Expect(LogPart part, MerkleDifference found)
    {
        First = found.OnlyLocal.Min(item => (long?)RepairFrames.SequenceOf(item)) ?? long.MaxValue;
        foreach (var item in found.OnlyRemote)
        {
            var sequence = RepairFrames.SequenceOf(item);
            if (sequence < First || sequence > part.Last || !_expected.TryAdd(sequence, item.Value))
            {
                return false;
            }
        }

        return found.OnlyRemote.Count == part.Last - First + 1;
    }

    public void BeginFetching() => _missing = [.. _expected.Keys];

    /// <summary>What is to be asked for next; empty when all is there.</summary>
    public List<long> NextFetch()
    {
        _missing.Sort((left, right) => right.CompareTo(left));
        _asked = _missing[..Math.Min(_missing.Count, RepairFrames.MaxSequences)];
        _missing = _missing[_asked.Count..];
        return _asked;
    }

    /// <summary>Takes what the peer gave; false when it is nothing, or not what it said that it has.</summary>
    public bool Take(Origin origin, IReadOnlyList<SyncEvent> events)
    {
        var asked = _asked.ToHashSet();
        foreach (var one in events)
        {
            var dot = one.Dot;
            if (dot.Origin != origin || !asked.Remove(dot.Sequence) || _expected[dot.Sequence] != one.Hash)
            {
                return false;
            }

            _events.Add(dot.Sequence, one);
            Bytes += one.Size;
        }

        // What was too much for one frame is asked for again.
        _missing.AddRange(asked);
        return events.Count > 0;
    }

    /// <summary>The branch; null when its events do not follow each other.</summary>
    public List<SyncEvent>? TryJoin()
    {
        List<SyncEvent> branch = [.. _events.Values];
        for (var i = 1; i < branch.Count; i++)
        {
            if (branch[i].Previous != branch[i - 1].Hash || branch[i].Time <= branch[i - 1].Time)
            {
                return null;
            }
        }

        return branch;
    }
}
