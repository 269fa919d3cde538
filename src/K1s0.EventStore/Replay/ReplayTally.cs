namespace K1s0.EventStore;

/// <summary>Counts what becomes of the events of a replay. Thread-safe.</summary>
internal sealed class ReplayTally(int maxReportedFailures)
{
    private const int MaxTypes = 1_000;

    // All guarded by _lock.
    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _byType = new(StringComparer.Ordinal);
    private readonly List<ReplayFailure> _failures = [];
    private long _handled;
    private long _unhandled;
    private long _failed;
    private long _corrupted;

    public long Handled => Interlocked.Read(ref _handled);

    public long Failed => Interlocked.Read(ref _failed);

    public void CountHandled(string eventType)
    {
        lock (_lock)
        {
            _handled++;
            if (_byType.TryGetValue(eventType, out var count) || _byType.Count < MaxTypes)
            {
                _byType[eventType] = count + 1;
            }
        }
    }

    public void CountUnhandled() => Interlocked.Increment(ref _unhandled);

    /// <summary>Counts a failure; one that ends the replay is described whatever the limit is.</summary>
    public void CountFailure(ReplayFailure failure, bool isLast)
    {
        lock (_lock)
        {
            _failed++;
            _corrupted += failure.IsCorrupted ? 1 : 0;
            if (_failures.Count < maxReportedFailures || isLast)
            {
                _failures.Add(failure);
            }
        }
    }

    /// <summary>The counts of this moment.</summary>
    public Counts Take()
    {
        lock (_lock)
        {
            return new Counts(
                _handled,
                Interlocked.Read(ref _unhandled),
                _failed,
                _corrupted,
                new Dictionary<string, long>(_byType, StringComparer.Ordinal),
                [.. _failures]);
        }
    }

    public sealed record Counts(
        long Handled,
        long Unhandled,
        long Failed,
        long Corrupted,
        IReadOnlyDictionary<string, long> ByType,
        IReadOnlyList<ReplayFailure> Failures);
}
