using K1s0.EventStore.Telemetry;

namespace K1s0.EventStore;

/// <summary>
/// Folds the events of a stream into its state, on top of what the cache or a snapshot holds where that still is of the
/// stream. Thread-safe.
/// </summary>
internal sealed class StateLoader<TState, TEvent>(
    IStateFold<TState, TEvent> fold,
    IEventStore store,
    EventSerializer serializer,
    AggregateOptions<TState> options,
    SnapshotKeeper<TState>? snapshots,
    TimeProvider timeProvider)
    where TEvent : notnull
{
    private readonly StateCache<TState> _cache = new(options);
    private readonly LoadMeter _meter = new();

    public async Task<LoadedState<TState>> LoadAsync(StreamId streamId, CancellationToken cancellationToken)
    {
        var started = timeProvider.GetTimestamp();
        var run = await FromCacheAsync(streamId, cancellationToken).ConfigureAwait(false)
            ?? await FromSnapshotAsync(streamId, StreamPoint.End, cancellationToken).ConfigureAwait(false);
        var duration = timeProvider.GetElapsedTime(started);
        if (run.Version > run.StartedAt && run.Source is not StateSource.Cache)
        {
            _meter.Add(duration, run.Version - run.StartedAt);
        }

        if (run.PassedOver == 0 && (run.Version > run.StartedAt || run.Source is StateSource.Snapshot))
        {
            _cache.Keep(streamId, run);
        }

        return ToLoaded(streamId, run, duration);
    }

    /// <summary>The state at a point of the past. A snapshot is used where it lies before the point.</summary>
    public async Task<LoadedState<TState>> LoadAtAsync(
        StreamId streamId, StreamPoint point, CancellationToken cancellationToken)
    {
        var started = timeProvider.GetTimestamp();
        var run = await FromSnapshotAsync(streamId, point, cancellationToken).ConfigureAwait(false);
        return run.Version < point.Version?.Value
            ? throw new StreamVersionNotReachedException(
                streamId, point.Version.Value, new StreamVersion(run.Version))
            : ToLoaded(streamId, run, timeProvider.GetElapsedTime(started));
    }

    /// <summary>
    /// A snapshot of what is stored, on top of the one before: no object that was handed out takes part. Null when
    /// there is nothing to add, or it is not worth it any more.
    /// </summary>
    public async Task<TakenSnapshot?> TakeSnapshotAsync(
        StreamId streamId, SnapshotStrategy? strategy, CancellationToken cancellationToken)
    {
        var started = timeProvider.GetTimestamp();
        var run = await FromSnapshotAsync(streamId, StreamPoint.End, cancellationToken).ConfigureAwait(false);
        var loaded = ToLoaded(streamId, run, timeProvider.GetElapsedTime(started));

        // What the cache remembers counts from a snapshot before, or does not know of one that another process took.
        _cache.Forget(streamId);
        if (loaded.AppliedEvents == 0 || run.PassedOver > 0 || strategy?.IsDue(Situation(loaded)) is false)
        {
            return null;
        }

        var frame = await snapshots!
            .SaveAsync(streamId, loaded.Version, loaded.ChainHash, loaded.State, cancellationToken)
            .ConfigureAwait(false);
        return new TakenSnapshot
        {
            StreamId = streamId,
            Version = loaded.Version,
            StartedAt = loaded.StartedAt,
            AppliedEvents = loaded.AppliedEvents,
            OriginalBytes = frame.OriginalBytes,
            CompressedBytes = frame.CompressedBytes,
            Compression = frame.Compression,
        };
    }

    /// <summary>How far a state, or the stream by now, is ahead of the latest snapshot.</summary>
    public SnapshotSituation Situation(LoadedState<TState> loaded, StreamVersion? now = null)
    {
        var behind = (now ?? loaded.Version).Value - loaded.SnapshotVersion.Value;
        var age = loaded.OldestBehind is { } oldest ? timeProvider.GetUtcNow() - oldest : TimeSpan.Zero;
        return new SnapshotSituation(behind, age, _meter.Estimate(behind));
    }

    private static LoadedState<TState> ToLoaded(StreamId streamId, FoldRun<TState> run, TimeSpan duration) => new()
    {
        StreamId = streamId,
        Version = new StreamVersion(run.Version),
        State = run.State,
        ChainHash = run.ChainHash,
        StartedAt = new StreamVersion(run.StartedAt),
        AppliedEvents = run.Version - run.StartedAt,
        SnapshotVersion = new StreamVersion(run.SnapshotVersion),
        Duration = duration,
        OldestBehind = run.OldestBehind,
        IsUnderstood = run.PassedOver == 0,
    };

    private async Task<FoldRun<TState>?> FromCacheAsync(StreamId streamId, CancellationToken cancellationToken)
    {
        if (_cache.Find(streamId) is not { } remembered)
        {
            return null;
        }

        var run = await FoldAsync(streamId, remembered, StreamPoint.End, cancellationToken).ConfigureAwait(false);
        if (run is null)
        {
            _cache.Forget(streamId);
        }

        return run;
    }

    private async Task<FoldRun<TState>> FromSnapshotAsync(
        StreamId streamId, StreamPoint point, CancellationToken cancellationToken)
    {
        // A state that leaves events out in the middle cannot start from one that holds them.
        var snapshot = snapshots is null || point.OccurredTime is not null
            ? null
            : await snapshots.FindAsync(streamId, cancellationToken).ConfigureAwait(false);
        if (snapshot is not null && (point.Version is not { } last || snapshot.Version <= last.Value))
        {
            var run = await FoldAsync(streamId, snapshot, point, cancellationToken).ConfigureAwait(false);
            if (run is not null)
            {
                return run;
            }
        }

        var beginning = new StartingPoint<TState>(0, StreamHead.Empty(streamId).ChainHash, fold.CreateInitialState);
        return (await FoldAsync(streamId, beginning, point, cancellationToken).ConfigureAwait(false))!;
    }

    // Null when the stream has no event of this chain hash at the version that is started from: it never had, or the
    // store was restored since. Also null when that event was recorded behind the point.
    private async Task<FoldRun<TState>?> FoldAsync(
        StreamId streamId, StartingPoint<TState> start, StreamPoint point, CancellationToken cancellationToken)
    {
        var run = start.Version == 0 ? new FoldRun<TState>(start) : null;
        var last = point.Version?.Value ?? long.MaxValue;
        for (var from = Math.Max(start.Version, 1); from <= last;)
        {
            var to = Math.Min(last, from + options.EventsPerRead - 1);
            var events = await store.LoadAsync(streamId, from, to, cancellationToken).ConfigureAwait(false);
            var next = 0;
            if (run is null)
            {
                // The event that the state ends with is read along: one round trip proves it and brings the rest.
                if (!IsOf(start, events, point))
                {
                    return null;
                }

                (run, next) = (new FoldRun<TState>(start), 1);
            }

            for (; next < events.Count; next++)
            {
                if (events[next].RecordedAt > point.RecordedTime)
                {
                    return run;
                }

                if (!(events[next].OccurredAt > point.OccurredTime))
                {
                    Apply(run, events[next]);
                }
            }

            if (events.Count < to - from + 1)
            {
                break;
            }

            from = to + 1;
        }

        return run;
    }

    private bool IsOf(StartingPoint<TState> start, IReadOnlyList<EventEnvelope> events, StreamPoint point)
    {
        if (events is not [var first, ..] || first.Version != start.Version)
        {
            AggregateTelemetry.CountIgnored(options, Name(start.Source), "ahead");
            return false;
        }

        if (first.ChainHash != start.ChainHash)
        {
            AggregateTelemetry.CountIgnored(options, Name(start.Source), "hash");
            return false;
        }

        return !(first.RecordedAt > point.RecordedTime);
    }

    private static string Name(StateSource source) => source is StateSource.Cache ? "cache" : "snapshot";

    private void Apply(FoldRun<TState> run, EventEnvelope envelope)
    {
        foreach (var happened in serializer.Decode(envelope, options.UnknownEvents))
        {
            if (happened is TEvent known)
            {
                run.State = fold.Evolve(run.State, known);
            }
            else if (happened is not UnknownEvent)
            {
                throw new EventNotUnderstoodException(
                    envelope, $"{happened.GetType().Name} is no {typeof(TEvent).Name}.");
            }

            run.PassedOver += happened is UnknownEvent ? 1 : 0;
        }

        run.MoveTo(envelope);
    }
}
