namespace K1s0.EventStore;

/// <summary>
/// Hands the events of a page to the handlers, in lanes by stream, and decides what a failure does. One page at a time.
/// </summary>
internal sealed class ReplaySteps(
    ReplayHandler[] handlers,
    ReplayOptions options,
    ReplayTally tally,
    ReplayTrace trace,
    ReplayClock clock,
    TimeProvider timeProvider)
{
    // Guarded by _lock; the flag may be read without it.
    private readonly Lock _lock = new();
    private volatile bool _hasFailed;

    /// <summary>Whether a failure ended the replay.</summary>
    public bool HasFailed => _hasFailed;

    /// <summary>
    /// Whether the target is rolled back: a failure says so, or half an event may be left in the target.
    /// </summary>
    public bool IsRollBack { get; private set; }

    /// <summary>The failure that ended the replay.</summary>
    public ReplayFailure? Failure { get; private set; }

    /// <summary>Handles the events of a page.</summary>
    /// <param name="work">The events.</param>
    /// <param name="finished">One place an event: set to true when the event is finished.</param>
    /// <param name="cancellationToken">Ends the replay.</param>
    public async Task HandleAsync(
        IReadOnlyList<SelectedEvent> work, bool[] finished, CancellationToken cancellationToken)
    {
        if (options.Lanes == 1 || options.DryRun)
        {
            await HandleLaneAsync(work, lane: null, finished, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            // Not given up while some lanes have not begun: each sees the token by itself.
            var lanes = Enumerable.Range(0, options.Lanes).Select(lane => Task.Run(
                () => HandleLaneAsync(work, lane, finished, cancellationToken), CancellationToken.None));
            await Task.WhenAll(lanes).ConfigureAwait(false);
        }
    }

    /// <summary>What is stored is no event: it is passed over or ends the replay, as corruption does.</summary>
    public bool TryPass(EventUnreadableException unreadable) =>
        Fail(new ReplayFailure(ReplayedEvent.Of(unreadable), Handler: null, Attempts: 1, unreadable));

    private async Task HandleLaneAsync(
        IReadOnlyList<SelectedEvent> work, int? lane, bool[] finished, CancellationToken cancellationToken)
    {
        for (var index = 0; index < work.Count && !_hasFailed; index++)
        {
            var selected = work[index];
            if (lane is null || LaneOf(selected.Envelope.StreamId) == lane)
            {
                cancellationToken.ThrowIfCancellationRequested();
                finished[index] = await FinishAsync(selected, cancellationToken).ConfigureAwait(false);
                clock.ReportWhenDue();
            }
        }
    }

    private int LaneOf(StreamId streamId) => (int)((uint)streamId.GetHashCode() % (uint)options.Lanes);

    // False when the replay ends before the event.
    private async ValueTask<bool> FinishAsync(SelectedEvent selected, CancellationToken cancellationToken)
    {
        var envelope = selected.Envelope;
        if (selected.Defect is { } defect)
        {
            return Fail(new ReplayFailure(ReplayedEvent.Of(envelope), Handler: null, Attempts: 1, defect));
        }

        if (!Array.Exists(handlers, handler => handler.Takes(envelope.EventType)))
        {
            tally.CountUnhandled();
            return true;
        }

        if (!options.DryRun
            && await HandleAsync(envelope, cancellationToken).ConfigureAwait(false) is { } failure)
        {
            return Fail(failure);
        }

        tally.CountHandled(envelope.EventType);
        return true;
    }

    // What is not finished leaves nothing in the target, whatever it ends with.
    private async ValueTask<ReplayFailure?> HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        ReplayFailure? failure = null;
        var isFinished = false;
        try
        {
            for (var index = 0; index < handlers.Length && failure is null; index++)
            {
                if (handlers[index].Takes(envelope.EventType))
                {
                    failure = await StepAsync(envelope, index, cancellationToken).ConfigureAwait(false);
                }
            }

            failure ??= await MarkAsync(envelope).ConfigureAwait(false);
            isFinished = failure is null;
        }
        finally
        {
            if (!isFinished && options.Target is { } target)
            {
                await UndoAsync(target.UndoAsync).ConfigureAwait(false);
            }
        }

        return failure;
    }

    // What may be left in the target must not be committed, whatever a failure does otherwise.
    private async Task UndoAsync(Func<Task> undo)
    {
        try
        {
            await undo().ConfigureAwait(false);
        }
        catch
        {
            IsRollBack = true;
            throw;
        }
    }

    private async ValueTask<ReplayFailure?> MarkAsync(EventEnvelope envelope)
    {
        try
        {
            await (options.Target?.MarkAsync() ?? Task.CompletedTask).ConfigureAwait(false);
            return null;
        }
        catch (Exception e)
        {
            return new ReplayFailure(ReplayedEvent.Of(envelope), Handler: null, Attempts: 1, e);
        }
    }

    private async ValueTask<ReplayFailure?> StepAsync(
        EventEnvelope envelope, int index, CancellationToken cancellationToken)
    {
        var handler = handlers[index];
        var begin = trace.Begin();
        await (options.Target?.BeginStepAsync() ?? Task.CompletedTask).ConfigureAwait(false);
        var cause = await AttemptAsync(handler, envelope, cancellationToken).ConfigureAwait(false);
        var attempts = 1;
        var most = handler.MaxAttempts ?? options.MaxAttempts;
        for (; cause is not null and not EventNotUnderstoodException && attempts < most; attempts++)
        {
            if (options.Target is { } target)
            {
                // The next attempt must not find half of this one.
                await UndoAsync(target.UndoStepAsync).ConfigureAwait(false);
            }

            await Task.Delay(options.DelayAfter(attempts), timeProvider, cancellationToken).ConfigureAwait(false);
            cause = await AttemptAsync(handler, envelope, cancellationToken).ConfigureAwait(false);
        }

        trace.End(envelope, index, begin, attempts, isHandled: cause is null);
        return cause is null
            ? null
            : new ReplayFailure(ReplayedEvent.Of(envelope), handler.Name, attempts, cause);
    }

    private static async ValueTask<Exception?> AttemptAsync(
        ReplayHandler handler, EventEnvelope envelope, CancellationToken cancellationToken)
    {
        try
        {
            await handler.Handler.HandleAsync(envelope, cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            return e;
        }
    }

    private bool Fail(ReplayFailure failure)
    {
        var action = failure.IsCorrupted ? options.OnCorrupted : options.OnFailure;
        if (options.DryRun || action is ReplayFailureAction.Skip)
        {
            tally.CountFailure(failure, isLast: false);
            return true;
        }

        lock (_lock)
        {
            // The first one is the reason; another lane may fail before it hears of it.
            Failure ??= failure;
            IsRollBack |= action is ReplayFailureAction.RollBack;
            tally.CountFailure(failure, isLast: true);
            _hasFailed = true;
        }

        return false;
    }
}
