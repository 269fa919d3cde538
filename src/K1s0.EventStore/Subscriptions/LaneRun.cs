using System.Threading.Channels;
using K1s0.EventStore.Telemetry;

namespace K1s0.EventStore;

/// <summary>
/// A run that hands each event over at least once, in parallel lanes by stream. The checkpoint is stored beside them,
/// at the low-water mark.
/// </summary>
internal sealed class LaneRun : ISubscriptionRun, IDisposable
{
    private readonly SubscriptionParts _parts;
    private readonly ISubscriptionHandler _handler;
    private readonly ParkedKeys _parked;
    private readonly CheckpointWriter _writer;
    private readonly FeedCursor _cursor;
    private readonly LowWater _lowWater;
    private readonly Retry _retry;
    private readonly Lane[] _lanes;

    // One place an event between the low-water mark and the newest that was handed to a lane.
    private readonly SemaphoreSlim _window;

    public LaneRun(
        SubscriptionParts parts,
        ISubscriptionHandler handler,
        ParkedKeys parked,
        CheckpointWriter writer,
        FeedCursor cursor,
        LowWater lowWater)
    {
        (_parts, _handler, _parked, _writer, _cursor, _lowWater) = (parts, handler, parked, writer, cursor, lowWater);
        _retry = new Retry(parts);
        _lanes = [.. Enumerable.Range(0, parts.Options.Lanes).Select(_ => new Lane(parts.Options.MaxInFlight))];
        _window = new SemaphoreSlim(parts.Options.MaxInFlight);
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] work = [ReadAsync(stop.Token), .. _lanes.Select(lane => WorkAsync(lane, stop.Token))];
        var handling = Task.WhenAll(work.Select(task => StopOnFailureAsync(task, stop)));
        var saving = StopOnFailureAsync(SaveRegularlyAsync(stop.Token), stop);
        await handling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await stop.CancelAsync().ConfigureAwait(false);
        await saving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (saving.IsFaulted || handling.IsFaulted)
        {
            // The feed may be what is broken: it is not asked for the hash at the mark.
            await SaveLastAsync(_lowWater.LastHashed, mayFail: true).ConfigureAwait(false);
        }
        else
        {
            await SaveLastAsync(_lowWater.Mark, mayFail: handling.IsCanceled).ConfigureAwait(false);
        }

        if (saving.IsFaulted)
        {
            await saving.ConfigureAwait(false);
        }

        await handling.ConfigureAwait(false);
    }

    // Handed over at least once: twice is no harm.
    public bool MayReplay(Position position) => true;

    public async Task<HandlingFailure?> ReplayAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        var lane = LaneOf(envelope.StreamId);
        await lane.Turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (await HandleAsync(envelope, cancellationToken).ConfigureAwait(false) is { } failure)
            {
                return failure;
            }

            // Not given up in the middle: the event is handled, and must be known not to be parked.
            await _parts.Parked!.RemoveAsync(_parts.Name, envelope.Position, CancellationToken.None)
                .ConfigureAwait(false);
            _parked.Remove(envelope.Position);
            return null;
        }
        finally
        {
            lane.Turn.Release();
        }
    }

    public async Task InTurnAsync(StreamId streamId, Action act, CancellationToken cancellationToken)
    {
        var lane = LaneOf(streamId);
        await lane.Turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            act();
        }
        finally
        {
            lane.Turn.Release();
        }
    }

    public void Dispose()
    {
        _window.Dispose();
        foreach (var lane in _lanes)
        {
            lane.Turn.Dispose();
        }
    }

    private static async Task StopOnFailureAsync(Task task, CancellationTokenSource stop)
    {
        try
        {
            await task.ConfigureAwait(false);
        }
        catch
        {
            await stop.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        while (await _cursor.NextAsync(cancellationToken).ConfigureAwait(false) is { } stretch)
        {
            foreach (var envelope in stretch.Events)
            {
                await _window.WaitAsync(cancellationToken).ConfigureAwait(false);
                var work = _lowWater.Begin(envelope);
                await LaneOf(envelope.StreamId).Queue.Writer.WriteAsync((envelope, work), cancellationToken)
                    .ConfigureAwait(false);
            }

            _lowWater.Pass(stretch.End);
            _parts.Progress.Read(_cursor.IsLive);
        }

        foreach (var lane in _lanes)
        {
            lane.Queue.Writer.Complete();
        }
    }

    private async Task WorkAsync(Lane lane, CancellationToken cancellationToken)
    {
        await foreach (var (envelope, work) in lane.Queue.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            await lane.Turn.WaitAsync(cancellationToken).ConfigureAwait(false);
            int left;
            try
            {
                left = await FinishAsync(lane, envelope, cancellationToken).ConfigureAwait(false)
                    ? _lowWater.Finish(work)
                    : _lowWater.Hold(work);
            }
            finally
            {
                lane.Turn.Release();
            }

            if (left > 0)
            {
                _window.Release(left);
            }
        }
    }

    // False when the mark must stay before the event.
    private async ValueTask<bool> FinishAsync(Lane lane, EventEnvelope envelope, CancellationToken cancellationToken)
    {
        if (lane.Stopped.Count > 0 && lane.Stopped.Contains(envelope.StreamId))
        {
            return false;
        }

        if (_parked.Contains(envelope.StreamId))
        {
            await _parked.ParkAsync(envelope, failure: null).ConfigureAwait(false);
            return true;
        }

        if (await HandleAsync(envelope, cancellationToken).ConfigureAwait(false) is not { } failure)
        {
            return true;
        }

        switch (_parts.OnFailure)
        {
            case FailureAction.Skip:
                _parts.Progress.CountSkipped();
                _parts.Logger.EventSkipped(_parts.Name, envelope, failure.Attempts, failure.Cause);
                return true;
            case FailureAction.Park:
                await _parked.ParkAsync(envelope, failure).ConfigureAwait(false);
                return true;
            case FailureAction.StopAll:
                throw new SubscriptionStoppedException(
                    _parts.Name, envelope, failure.Attempts, "the handler failed.", failure.Cause);
            default:
                StopKey(lane, envelope, failure);
                return false;
        }
    }

    private void StopKey(Lane lane, EventEnvelope envelope, HandlingFailure failure)
    {
        if (_parts.Progress.StoppedKeys >= _parts.Options.MaxStoppedKeys)
        {
            throw new SubscriptionStoppedException(
                _parts.Name, envelope, failure.Attempts, "as many streams are stopped as may be.", failure.Cause);
        }

        lane.Stopped.Add(envelope.StreamId);
        _parts.Progress.AddStopped(
            new StoppedKey(envelope.StreamId, envelope.Position, failure.Attempts, failure.Cause));
        _parts.Logger.KeyStopped(_parts.Name, envelope, failure.Attempts, failure.Cause);
    }

    private async ValueTask<HandlingFailure?> HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        var cause = await AttemptAsync(envelope, cancellationToken).ConfigureAwait(false);
        var failure = cause is null
            ? null
            : await _retry.RunAsync(
                envelope, cause, token => AttemptAsync(envelope, token).AsTask(), cancellationToken)
                .ConfigureAwait(false);
        if (failure is null)
        {
            _parts.Progress.CountHandled();
        }

        return failure;
    }

    private async ValueTask<Exception?> AttemptAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        try
        {
            await _handler.HandleAsync(envelope, cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            return e;
        }
    }

    private async Task SaveRegularlyAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_parts.Options.CheckpointInterval, _parts.TimeProvider);
        while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
        {
            await _writer.SaveAsync(_lowWater.Mark).ConfigureAwait(false);
        }
    }

    private async Task SaveLastAsync(LowWaterMark mark, bool mayFail)
    {
        try
        {
            await _writer.SaveAsync(mark).ConfigureAwait(false);
        }
        catch (Exception e) when (mayFail)
        {
            // What the run died of says more, and whether it is tried again. A checkpoint store may be anybody's.
            _parts.Logger.LastCheckpointLost(_parts.Name, e);
        }
    }

    private Lane LaneOf(StreamId streamId) => _lanes[(uint)streamId.GetHashCode() % (uint)_lanes.Length];

    private sealed class Lane(int capacity)
    {
        public Channel<(EventEnvelope Envelope, WorkInFlight Work)> Queue { get; } =
            Channel.CreateBounded<(EventEnvelope, WorkInFlight)>(
                new BoundedChannelOptions(capacity) { SingleReader = true, SingleWriter = true });

        // Held by the lane, or by a replay, while it handles an event.
        public SemaphoreSlim Turn { get; } = new(1, 1);

        // Touched by the lane only.
        public HashSet<StreamId> Stopped { get; } = [];
    }
}
