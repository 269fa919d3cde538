using System.Collections.Concurrent;
using System.Diagnostics;

namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>What the writers know: what was acknowledged, undone, and is under way. Thread-safe.</summary>
internal sealed class WorkloadRecord
{
    private readonly ConcurrentQueue<WorkloadAppend> _acknowledged = new();
    private readonly ConcurrentQueue<Guid> _undone = new();

    // Who is under way, and what was acknowledged last when it set out: its floor cannot be lower.
    private readonly ConcurrentDictionary<int, long> _underWay = new();

    private long _clock;
    private long _lastAcknowledged;
    private int _events;
    private int _conflicts;

    public IReadOnlyCollection<WorkloadAppend> Acknowledged => _acknowledged;

    public IReadOnlyCollection<Guid> Undone => _undone;

    public int Events => Volatile.Read(ref _events);

    public int Conflicts => Volatile.Read(ref _conflicts);

    public long LastAcknowledged => Interlocked.Read(ref _lastAcknowledged);

    /// <summary>
    /// The least that the bound must be when it is asked for from now on: whoever is under way set out when less was
    /// acknowledged, and whoever sets out later does so when more is.
    /// </summary>
    public long LeastBound()
    {
        var acknowledged = LastAcknowledged;
        return _underWay.Values.Append(acknowledged).Min();
    }

    public long Tick() => Interlocked.Increment(ref _clock);

    public void SetOut(int writer) => _underWay[writer] = LastAcknowledged;

    public void Arrive(int writer) => _underWay.TryRemove(writer, out _);

    public void CountConflict() => Interlocked.Increment(ref _conflicts);

    public void Undo(IEnumerable<Guid> eventIds)
    {
        foreach (var id in eventIds)
        {
            _undone.Enqueue(id);
        }
    }

    /// <summary>Appends whose answer, or whose transaction's commit, has arrived.</summary>
    public void Acknowledge(IReadOnlyList<SentAppend> appends)
    {
        var (now, at) = (Tick(), Stopwatch.GetTimestamp());
        foreach (var (sent, result, ids) in appends)
        {
            var (first, last) = (result.FirstPosition.Value, result.LastPosition.Value);
            _acknowledged.Enqueue(new WorkloadAppend(sent, now, at, first, last, ids));
            Interlocked.Add(ref _events, ids.Count);
            Raise(last);
        }
    }

    private void Raise(long position)
    {
        var known = LastAcknowledged;
        while (position > known)
        {
            var found = Interlocked.CompareExchange(ref _lastAcknowledged, position, known);
            known = found == known ? position : found;
        }
    }
}
