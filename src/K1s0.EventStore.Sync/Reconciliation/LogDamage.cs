using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync;

/// <summary>
/// The damaged events that a replica knows of, each with the hash that the log itself demands in its place: the event
/// behind it names it, or the end of the log that is kept in memory. Nothing else is ever taken in its place.
/// </summary>
/// <remarks>
/// Bounded; what does not fit is found again later. Guarded by whoever guards the replica. Which hash is demanded below
/// a damaged event is known only when that event has come back, so a row of them comes back from its end.
/// </remarks>
internal sealed class LogDamage
{
    public const int MaxEvents = 4_096;

    /// <summary>So many events of a log are compared at once; also the most that a peer may ask for.</summary>
    public const int WindowEvents = 4_096;

    private readonly SortedDictionary<Origin, SortedDictionary<long, Entry>> _logs =
        new(Comparer<Origin>.Create(Origin.Compare));

    public int Count { get; private set; }

    /// <summary>Of which logs the branch here is to be given up: sessions ask for these too.</summary>
    public BranchMarks Branches { get; } = new();

    /// <summary>
    /// How often a branch was about to be given up, for those who look at a log from outside of the gate.
    /// </summary>
    public long Adoptions { get; private set; }

    public bool IsFull => Count >= MaxEvents;

    public bool Any => Count > 0;

    public List<Dot> Dots =>
        [.. _logs.SelectMany(log => log.Value.Keys.Select(sequence => new Dot(log.Key, sequence)))];

    /// <summary>The parts of logs in which something is damaged, the end of each log first.</summary>
    public List<(Origin Origin, long First)> Windows =>
    [
        .. _logs.SelectMany(log => log.Value.Keys
            .Select(sequence => (log.Key, WindowOf(sequence))).Distinct().OrderByDescending(window => window.Item2)),
    ];

    /// <summary>The first sequence of the part that an event is in.</summary>
    public static long WindowOf(long sequence) => ((sequence - 1) / WindowEvents * WindowEvents) + 1;

    public int CountOf(Origin origin) => _logs.TryGetValue(origin, out var log) ? log.Count : 0;

    /// <summary>How far a log is whole from its start, at most up to there.</summary>
    public long WholeUpTo(Dot end)
    {
        if (!_logs.TryGetValue(end.Origin, out var log))
        {
            return end.Sequence;
        }

        return Math.Min(end.Sequence, log.Keys.First() - 1);
    }

    /// <summary>What was found in a log takes the place of what was known of it.</summary>
    /// <param name="origin">Whose log.</param>
    /// <param name="found">Sequence, demanded hash where it is known, and the hash of the whole event below it.</param>
    public void Replace(
        Origin origin, IEnumerable<(long Sequence, Sha256Digest? Demanded, Sha256Digest? Below)> found)
    {
        Forget(origin);
        var log = new SortedDictionary<long, Entry>();
        foreach (var (sequence, demanded, below) in found)
        {
            log[sequence] = new Entry(demanded, below);
        }

        if (log.Count > 0)
        {
            _logs[origin] = log;
            Count += log.Count;
        }
    }

    /// <summary>
    /// A branch is about to be given up: what it demands is not asked for, or it would come back into the log.
    /// </summary>
    public void BeginAdoption(Origin origin)
    {
        Adoptions++;
        Forget(origin);
    }

    public bool IsDamaged(Dot dot) => _logs.TryGetValue(dot.Origin, out var log) && log.ContainsKey(dot.Sequence);

    /// <summary>Whether an event with this hash may stand there, as far as is known.</summary>
    public bool MayBe(Dot dot, Sha256Digest hash) => Find(dot) is { } entry && (entry.Demanded ?? hash) == hash;

    /// <summary>Whether the log demands exactly this event; if so, what it builds on is demanded from now on.</summary>
    public bool Demands(SyncEvent candidate)
    {
        var dot = candidate.Dot;
        if (Find(dot)?.Demanded != candidate.Hash)
        {
            return false;
        }

        var below = dot with { Sequence = dot.Sequence - 1 };
        if (Find(below) is { Demanded: null } waiting)
        {
            _logs[dot.Origin][below.Sequence] = waiting with { Demanded = candidate.Previous };
        }

        return true;
    }

    /// <summary>A demanded event is durable in its place.</summary>
    public void Repaired(SyncEvent repaired)
    {
        var (dot, log) = (repaired.Dot, _logs.GetValueOrDefault(repaired.Dot.Origin));
        if (log is null || !log.Remove(dot.Sequence, out var entry))
        {
            return;
        }

        Count--;
        if (entry.Below is { } below && below != repaired.Previous)
        {
            // What looked whole below the damage is not what the log names.
            log[dot.Sequence - 1] = new Entry(repaired.Previous, null);
            Count++;
        }

        if (log.Count == 0)
        {
            _logs.Remove(dot.Origin);
        }
    }

    private void Forget(Origin origin)
    {
        if (_logs.Remove(origin, out var log))
        {
            Count -= log.Count;
        }
    }

    private Entry? Find(Dot dot) =>
        _logs.TryGetValue(dot.Origin, out var log) && log.TryGetValue(dot.Sequence, out var entry) ? entry : null;

    private sealed record Entry(Sha256Digest? Demanded, Sha256Digest? Below);
}
