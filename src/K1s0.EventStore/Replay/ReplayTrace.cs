namespace K1s0.EventStore;

/// <summary>Measures the steps of a replay, and keeps the slowest. Thread-safe.</summary>
internal sealed class ReplayTrace(
    IReadOnlyList<ReplayHandler> handlers, int slowestSteps, TimeProvider timeProvider)
{
    // All guarded by _lock.
    private readonly Lock _lock = new();
    private readonly Totals[] _totals = new Totals[handlers.Count];
    private readonly PriorityQueue<ReplayStep, TimeSpan> _slowest = new();

    public long Retries
    {
        get
        {
            lock (_lock)
            {
                return _totals.Sum(totals => totals.Retries);
            }
        }
    }

    public (long Timestamp, long Allocated) Begin() =>
        (timeProvider.GetTimestamp(), GC.GetTotalAllocatedBytes(precise: false));

    public void End(
        EventEnvelope envelope, int handler, (long Timestamp, long Allocated) begin, int attempts, bool isHandled)
    {
        var elapsed = timeProvider.GetElapsedTime(begin.Timestamp);
        var allocated = Math.Max(0, GC.GetTotalAllocatedBytes(precise: false) - begin.Allocated);
        lock (_lock)
        {
            ref var totals = ref _totals[handler];
            totals.Events += isHandled ? 1 : 0;
            totals.Failures += isHandled ? 0 : 1;
            totals.Retries += attempts - 1;
            totals.Elapsed += elapsed;
            totals.AllocatedBytes += allocated;
            KeepWhenSlow(envelope, handler, elapsed, allocated);
        }
    }

    public IReadOnlyList<ReplayHandlerTrace> Handlers()
    {
        lock (_lock)
        {
            return
            [
                .. _totals.Select((totals, index) => new ReplayHandlerTrace(
                    handlers[index].Name,
                    totals.Events,
                    totals.Failures,
                    totals.Retries,
                    totals.Elapsed,
                    totals.AllocatedBytes)),
            ];
        }
    }

    public IReadOnlyList<ReplayStep> Slowest()
    {
        lock (_lock)
        {
            return [.. _slowest.UnorderedItems.OrderByDescending(item => item.Priority).Select(item => item.Element)];
        }
    }

    // What is not slow enough makes no garbage.
    private void KeepWhenSlow(EventEnvelope envelope, int handler, TimeSpan elapsed, long allocated)
    {
        if (_slowest.Count < slowestSteps)
        {
            _slowest.Enqueue(Step(), elapsed);
        }
        else if (_slowest.TryPeek(out _, out var least) && elapsed > least)
        {
            _slowest.EnqueueDequeue(Step(), elapsed);
        }

        ReplayStep Step() => new(ReplayedEvent.Of(envelope), handlers[handler].Name, elapsed, allocated);
    }

    private struct Totals
    {
        public long Events;
        public long Failures;
        public long Retries;
        public long AllocatedBytes;
        public TimeSpan Elapsed;
    }
}
