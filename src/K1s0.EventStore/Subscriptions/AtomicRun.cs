using System.Runtime.ExceptionServices;
using K1s0.EventStore.Telemetry;

namespace K1s0.EventStore;

/// <summary>
/// A run whose handler commits the effects of a batch together with the checkpoint: one lane, in the order of the
/// feed, each effect exactly once.
/// </summary>
internal sealed class AtomicRun(
    SubscriptionParts parts,
    IAtomicHandler handler,
    ParkedKeys parked,
    CheckpointWriter writer,
    FeedCursor cursor,
    LowWater lowWater) : ISubscriptionRun, IDisposable
{
    private readonly Retry _retry = new(parts);

    // Held by the run, or by a replay, while it handles events or moves the checkpoint.
    private readonly SemaphoreSlim _turn = new(1, 1);

    // Set in a turn: nobody knows where the checkpoint stands, and the run ends with it.
    private readonly CancellationTokenSource _broken = new();
    private volatile ExceptionDispatchInfo? _failure;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _broken.Token);
        try
        {
            await RunUntilAsync(stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_failure is not null)
        {
            _failure.Throw();
        }
    }

    private async Task RunUntilAsync(CancellationToken cancellationToken)
    {
        var saved = parts.TimeProvider.GetTimestamp();
        try
        {
            while (await cursor.NextAsync(cancellationToken).ConfigureAwait(false) is { } stretch)
            {
                await HandleStretchAsync(stretch, cancellationToken).ConfigureAwait(false);
                lowWater.Pass(stretch.End);
                parts.Progress.Read(cursor.IsLive);
                if (parts.TimeProvider.GetElapsedTime(saved) >= parts.Options.CheckpointInterval)
                {
                    await SaveAsync(cancellationToken).ConfigureAwait(false);
                    saved = parts.TimeProvider.GetTimestamp();
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await SaveAsync(CancellationToken.None).ConfigureAwait(false);
            throw;
        }

        await SaveAsync(CancellationToken.None).ConfigureAwait(false);
    }

    // An event that lies before the mark is not handed over again by a crash; one behind it would be.
    public bool MayReplay(Position position) => position <= lowWater.Mark.Position;

    public async Task<HandlingFailure?> ReplayAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // The checkpoint passes the event before its effects are committed: else a crash hands it over again.
            await PassAsync().ConfigureAwait(false);
            if (await ReplayOnceAsync(envelope, cancellationToken).ConfigureAwait(false) is { } cause
                && await _retry.RunAsync(
                    envelope, cause, token => ReplayOnceAsync(envelope, token), cancellationToken)
                    .ConfigureAwait(false) is { } failure)
            {
                return failure;
            }

            parked.Remove(envelope.Position);
            parts.Progress.CountHandled();
            return null;
        }
        finally
        {
            _turn.Release();
        }
    }

    public Task InTurnAsync(StreamId streamId, Action act, CancellationToken cancellationToken) => InTurnAsync(
        () =>
        {
            act();
            return Task.CompletedTask;
        },
        cancellationToken);

    public void Dispose()
    {
        _turn.Dispose();
        _broken.Dispose();
    }

    // When the answer is lost, the claim may not be the one that is stored any more: only a new run claims again.
    private async Task PassAsync()
    {
        _failure?.Throw();
        try
        {
            await writer.SaveAsync(lowWater.Mark).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _failure = ExceptionDispatchInfo.Capture(e);
            await _broken.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task HandleStretchAsync(FeedStretch stretch, CancellationToken cancellationToken)
    {
        foreach (var batch in stretch.Events.Chunk(parts.Options.BatchSize))
        {
            var work = batch.Select(lowWater.Begin).ToArray();
            var next = 0;
            while (next < batch.Length)
            {
                await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
                try
                {
                    _failure?.Throw();
                    var done = await HandleSomeAsync(
                        new ArraySegment<EventEnvelope>(batch)[next..], work.AsMemory(next), cancellationToken)
                        .ConfigureAwait(false);
                    next += done;
                }
                finally
                {
                    _turn.Release();
                }
            }
        }
    }

    // Events whose stream is parked go one by one, the others together as far as they stand side by side.
    private async Task<int> HandleSomeAsync(
        ArraySegment<EventEnvelope> events, ReadOnlyMemory<WorkInFlight> work, CancellationToken cancellationToken)
    {
        if (parked.Contains(events[0].StreamId))
        {
            await parked.ParkAsync(events[0], failure: null).ConfigureAwait(false);
            lowWater.Finish(work.Span[0]);
            return 1;
        }

        var count = events.TakeWhile(envelope => !parked.Contains(envelope.StreamId)).Count();
        return await HandleTogetherAsync(events[..count], work, cancellationToken).ConfigureAwait(false);
    }

    private async Task<int> HandleTogetherAsync(
        ArraySegment<EventEnvelope> events, ReadOnlyMemory<WorkInFlight> work, CancellationToken cancellationToken)
    {
        int failed;
        Exception cause;
        try
        {
            await CommitAsync(events, work, cancellationToken).ConfigureAwait(false);
            return events.Count;
        }
        catch (EventHandlingException e) when (!cancellationToken.IsCancellationRequested)
        {
            failed = IndexOf(events, e);
            cause = e.InnerException!;
        }

        // What came before the one that failed was undone with it.
        if (failed > 0)
        {
            var done = await HandleTogetherAsync(events[..failed], work, cancellationToken).ConfigureAwait(false);
            if (done < failed)
            {
                return done;
            }

            if (parked.Contains(events[failed].StreamId))
            {
                // One before it was parked by that: it waits behind it.
                return failed;
            }
        }

        await HandleAgainAsync(events.Slice(failed, 1), work.Slice(failed, 1), cause, cancellationToken)
            .ConfigureAwait(false);
        return failed + 1;
    }

    private static int IndexOf(ArraySegment<EventEnvelope> events, EventHandlingException failure)
    {
        for (var index = 0; index < events.Count; index++)
        {
            if (events[index].Position == failure.Envelope.Position)
            {
                return index;
            }
        }

        throw new InvalidOperationException(
            $"The handler reports a failure for {failure.Envelope}, which it was not given.", failure);
    }

    private async Task HandleAgainAsync(
        ArraySegment<EventEnvelope> alone,
        ReadOnlyMemory<WorkInFlight> work,
        Exception cause,
        CancellationToken cancellationToken)
    {
        var envelope = alone[0];
        var failure = await _retry.RunAsync(envelope, cause, AttemptAsync, cancellationToken).ConfigureAwait(false);
        if (failure is null)
        {
            return;
        }

        switch (parts.OnFailure)
        {
            case FailureAction.Skip:
                parts.Progress.CountSkipped();
                parts.Logger.EventSkipped(parts.Name, envelope, failure.Attempts, failure.Cause);
                break;
            case FailureAction.Park:
                await parked.ParkAsync(envelope, failure).ConfigureAwait(false);
                break;
            default:
                throw new SubscriptionStoppedException(
                    parts.Name, envelope, failure.Attempts, "the handler failed.", failure.Cause);
        }

        lowWater.Finish(work.Span[0]);

        async Task<Exception?> AttemptAsync(CancellationToken token)
        {
            try
            {
                await CommitAsync(alone, work, token).ConfigureAwait(false);
                return null;
            }
            catch (EventHandlingException e) when (!token.IsCancellationRequested)
            {
                return e.InnerException!;
            }
        }
    }

    private async Task CommitAsync(
        ArraySegment<EventEnvelope> events, ReadOnlyMemory<WorkInFlight> work, CancellationToken cancellationToken)
    {
        var last = events[^1];
        var mark = new LowWaterMark(last.Position, last.ChainHash);
        var checkpoint = await writer.ToCheckpointAsync(mark).ConfigureAwait(false);
        writer.Claim = await handler.HandleAsync(events, writer.Claim, checkpoint, cancellationToken)
            .ConfigureAwait(false);
        for (var index = 0; index < events.Count; index++)
        {
            lowWater.Finish(work.Span[index]);
            parts.Progress.CountHandled();
        }
    }

    private async Task<Exception?> ReplayOnceAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        try
        {
            await handler.ReplayAsync(envelope, writer.Claim, cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (EventHandlingException e) when (!cancellationToken.IsCancellationRequested)
        {
            return e.InnerException!;
        }
    }

    private Task SaveAsync(CancellationToken cancellationToken) => InTurnAsync(PassAsync, cancellationToken);

    private async Task InTurnAsync(Func<Task> act, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await act().ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }
}
