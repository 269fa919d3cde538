using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>
/// One replay, from its beginning to its end. An exception in the middle leaves the target committed up to the place
/// reached, or rolled back, as the options say; nothing else is owned here.
/// </summary>
internal sealed class ReplayRun
{
    private readonly ReplayReader _reader;
    private readonly ReplaySelection _selection;
    private readonly ReplayOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly ReplayTally _tally;
    private readonly ReplayTrace _trace;
    private readonly ReplayClock _clock;
    private readonly ReplaySteps _steps;
    private readonly IReplayTarget? _target;
    private readonly long _allocatedBefore = GC.GetTotalAllocatedBytes(precise: false);
    private ReplayPlace? _reached;
    private long? _left;
    private long _peakHeapBytes;
    private TimeSpan _readTime;
    private ArchiveScan? _archive;

    public ReplayRun(
        ReplayReader reader,
        ReplaySelection selection,
        ReplayHandler[] handlers,
        ReplayOptions options,
        IProgress<ReplayProgress>? progress,
        TimeProvider timeProvider)
    {
        (_reader, _selection, _options, _timeProvider) = (reader, selection, options, timeProvider);
        _left = selection.Limit;
        _target = options.DryRun ? null : options.Target;
        _tally = new ReplayTally(options.MaxReportedFailures);
        _trace = new ReplayTrace(handlers, options.SlowestSteps, timeProvider);
        _clock = new ReplayClock(progress, options, selection, reader.End, _tally, timeProvider);
        _steps = new ReplaySteps(handlers, options, _tally, _trace, _clock, timeProvider);
    }

    public async Task<ReplayReport> RunAsync(CancellationToken cancellationToken)
    {
        await (_target?.BeginAsync(cancellationToken) ?? Task.CompletedTask).ConfigureAwait(false);
        Exception? broken = null;
        try
        {
            await WalkAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            broken = e;
        }

        return await EndAsync(broken, cancellationToken).ConfigureAwait(false);
    }

    private async Task WalkAsync(CancellationToken cancellationToken)
    {
        var isFirst = true;
        while (!_steps.HasFailed && _left is not 0
            && await ReadPageAsync(cancellationToken).ConfigureAwait(false) is { } page)
        {
            if (isFirst && page.Events is [var first, ..])
            {
                _clock.Begin(new Position(first.Position.Value - 1));
                isFirst = false;
            }

            var work = Select(page.Events);
            var finished = new bool[work.Count];
            try
            {
                await _steps.HandleAsync(work, finished, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                Advance(work, finished, page.ReadTo);
            }

            if (page.Unreadable is { } unreadable && _steps.TryPass(unreadable))
            {
                _clock.Finish(_reached = ReplayPlace.Of(unreadable), page.ReadTo);
            }

            _clock.ReportWhenDue();
            _peakHeapBytes = Math.Max(_peakHeapBytes, GC.GetTotalMemory(forceFullCollection: false));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    // Up to the first event that is not finished, whatever ended the work.
    private void Advance(List<SelectedEvent> work, bool[] finished, Position readTo)
    {
        var unfinished = Array.IndexOf(finished, false);
        var count = unfinished < 0 ? work.Count : unfinished;
        if (count > 0)
        {
            _reached = ReplayPlace.Of(work[count - 1].Envelope);
        }

        _clock.Finish(_reached, unfinished < 0 ? readTo : _reached?.Offset ?? _selection.After);
    }

    // In the order of the page: whether an event is wanted decides how far the limit reaches.
    private List<SelectedEvent> Select(IReadOnlyList<EventEnvelope> events)
    {
        var work = new List<SelectedEvent>(events.Count);
        foreach (var envelope in events)
        {
            if (_left is 0)
            {
                break;
            }

            var (isWanted, defect) = Look(envelope);
            if (isWanted)
            {
                work.Add(new SelectedEvent(envelope, defect));
                _left--;
            }
        }

        return work;
    }

    private (bool IsWanted, Exception? Defect) Look(EventEnvelope envelope)
    {
        if (_options.VerifyContent && ContentDigest.Compute(envelope) is var computed
            && computed != envelope.ContentDigest)
        {
            return (true, new EventCorruptedException(envelope, computed));
        }

        try
        {
            return (_selection.Where?.Invoke(envelope) is not false, null);
        }
        catch (Exception e)
        {
            return (true, e);
        }
    }

    private async Task<ReplayPage?> ReadPageAsync(CancellationToken cancellationToken)
    {
        var began = _timeProvider.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var page = await _reader.NextAsync(cancellationToken).ConfigureAwait(false);
                _readTime += _timeProvider.GetElapsedTime(began);
                _archive = page?.Archive is { } scan ? scan.Plus(_archive ?? ArchiveScan.None) : _archive;
                return page;
            }
            catch (EventStoreException e) when (e.IsTransient && attempt < _options.MaxAttempts)
            {
                await Task.Delay(_options.DelayAfter(attempt), _timeProvider, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<ReplayReport> EndAsync(Exception? broken, CancellationToken cancellationToken)
    {
        var cause = broken ?? _steps.Failure?.Cause;
        var isRollBack = _steps.IsRollBack
            || (broken is not null && _options.OnFailure is ReplayFailureAction.RollBack);
        var outcome = cause is null ? ReplayOutcome.Completed
            : isRollBack ? ReplayOutcome.RolledBack
            : ReplayOutcome.Stopped;
        if (_target is not null)
        {
            try
            {
                await (isRollBack ? _target.RollbackAsync() : _target.CommitAsync(_reached)).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                outcome = isRollBack || e is WriteOutcomeUnknownException
                    ? ReplayOutcome.Unknown
                    : ReplayOutcome.RolledBack;
                cause = cause is null ? e : new AggregateException(cause, e);
            }
        }

        _clock.Report();
        if (ReferenceEquals(cause, broken) && broken is OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        var report = Report(outcome);
        return cause is null ? report : throw new ReplayFailedException(report, cause);
    }

    private ReplayReport Report(ReplayOutcome outcome)
    {
        var counts = _tally.Take();
        return new ReplayReport
        {
            Outcome = outcome,
            WasDryRun = _options.DryRun,
            Reached = outcome is ReplayOutcome.RolledBack ? null : _reached,
            IsLimitReached = _left is 0 && outcome is ReplayOutcome.Completed,
            HandledEvents = counts.Handled,
            UnhandledEvents = counts.Unhandled,
            FailedEvents = counts.Failed,
            CorruptedEvents = counts.Corrupted,
            Retries = _trace.Retries,
            HandledByType = counts.ByType,
            Failures = counts.Failures,
            Elapsed = _clock.Elapsed,
            ReadTime = _readTime,
            Archive = _archive,
            AllocatedBytes = Math.Max(0, GC.GetTotalAllocatedBytes(precise: false) - _allocatedBefore),
            PeakHeapBytes = _peakHeapBytes,
            Handlers = _trace.Handlers(),
            SlowestSteps = _trace.Slowest(),
        };
    }
}
