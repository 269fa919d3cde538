namespace K1s0.EventStore;

/// <summary>Says how far a replay is, and how long it may still take. Thread-safe.</summary>
internal sealed class ReplayClock
{
    private readonly IProgress<ReplayProgress>? _progress;
    private readonly ReplayOptions _options;
    private readonly ReplayTally _tally;
    private readonly TimeProvider _timeProvider;
    private readonly long _started;
    private readonly long? _limit;
    private readonly Position _end;

    // All guarded by _lock.
    private readonly Lock _lock = new();
    private Position _begin;
    private Position _readTo;
    private ReplayPlace? _reached;
    private long _lastReport;

    public ReplayClock(
        IProgress<ReplayProgress>? progress,
        ReplayOptions options,
        ReplaySelection selection,
        Position end,
        ReplayTally tally,
        TimeProvider timeProvider)
    {
        (_progress, _options, _tally, _timeProvider) = (progress, options, tally, timeProvider);
        (_limit, _end, _begin, _readTo) = (selection.Limit, end, selection.After, selection.After);
        _started = _lastReport = timeProvider.GetTimestamp();
    }

    public TimeSpan Elapsed => _timeProvider.GetElapsedTime(_started);

    /// <summary>The first page tells where the selection really begins.</summary>
    public void Begin(Position before)
    {
        lock (_lock)
        {
            (_begin, _readTo) = (before, before);
        }
    }

    /// <summary>Everything up to a position is finished.</summary>
    public void Finish(ReplayPlace? reached, Position readTo)
    {
        lock (_lock)
        {
            (_reached, _readTo) = (reached, readTo);
        }
    }

    /// <summary>Reports, when the last report is old enough.</summary>
    public void ReportWhenDue()
    {
        if (_progress is null)
        {
            return;
        }

        lock (_lock)
        {
            var now = _timeProvider.GetTimestamp();
            if (_timeProvider.GetElapsedTime(_lastReport, now) < _options.ProgressInterval)
            {
                return;
            }

            _lastReport = now;
        }

        Report();
    }

    public void Report() => _progress?.Report(Measure());

    private ReplayProgress Measure()
    {
        var (elapsed, handled, failed) = (Elapsed, _tally.Handled, _tally.Failed);
        lock (_lock)
        {
            var length = Math.Max(_end.Value - _begin.Value, 0);
            var fraction = length == 0 ? 1 : (double)(_readTo.Value - _begin.Value) / length;
            if (_limit is { } limit)
            {
                fraction = Math.Max(fraction, (double)(handled + failed) / limit);
            }

            fraction = Math.Clamp(fraction, 0, 1);
            return new ReplayProgress(
                _reached,
                handled,
                failed,
                elapsed,
                elapsed > TimeSpan.Zero ? handled / elapsed.TotalSeconds : 0,
                fraction,
                fraction > 0 && elapsed > TimeSpan.Zero ? elapsed * ((1 - fraction) / fraction) : null);
        }
    }
}
