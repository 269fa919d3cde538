using K1s0.EventStore.Telemetry;

namespace K1s0.EventStore;

/// <summary>
/// Folds the events of a stream into its state, on top of what the cache remembers where that still is of the stream.
/// Thread-safe.
/// </summary>
internal sealed class StateLoader<TState, TEvent>(
    IStateFold<TState, TEvent> fold,
    IEventStore store,
    EventSerializer serializer,
    AggregateOptions<TState> options,
    TimeProvider timeProvider)
    where TEvent : notnull
{
    private readonly StateCache<TState> _cache = new(options);

    public async Task<LoadedState<TState>> LoadAsync(StreamId streamId, CancellationToken cancellationToken)
    {
        var started = timeProvider.GetTimestamp();
        var run = await FromCacheAsync(streamId, cancellationToken).ConfigureAwait(false)
            ?? (await FoldAsync(streamId, Beginning(streamId), cancellationToken).ConfigureAwait(false))!;
        if (run.Version > run.StartedAt && run.PassedOver == 0)
        {
            _cache.Keep(streamId, run.Version, run.ChainHash, run.State);
        }

        return new LoadedState<TState>
        {
            StreamId = streamId,
            Version = new StreamVersion(run.Version),
            State = run.State,
            ChainHash = run.ChainHash,
            StartedAt = new StreamVersion(run.StartedAt),
            AppliedEvents = run.Version - run.StartedAt,
            Duration = timeProvider.GetElapsedTime(started),
        };
    }

    public void Forget(StreamId streamId) => _cache.Forget(streamId);

    private async Task<FoldRun<TState>?> FromCacheAsync(StreamId streamId, CancellationToken cancellationToken)
    {
        if (_cache.Find(streamId) is not { } remembered)
        {
            return null;
        }

        var run = await FoldAsync(streamId, remembered, cancellationToken).ConfigureAwait(false);
        if (run is null)
        {
            _cache.Forget(streamId);
            AggregateTelemetry.CountIgnored(options, "cache", "diverged");
        }

        return run;
    }

    private StartingPoint<TState> Beginning(StreamId streamId) =>
        new(0, StreamHead.Empty(streamId).ChainHash, fold.CreateInitialState);

    // Null when the stream has no event of this chain hash at the version that is started from: it never had, or the
    // store was restored since.
    private async Task<FoldRun<TState>?> FoldAsync(
        StreamId streamId, StartingPoint<TState> start, CancellationToken cancellationToken)
    {
        var run = start.Version == 0 ? new FoldRun<TState>(start) : null;
        var from = Math.Max(start.Version, 1);
        while (true)
        {
            var to = from + options.EventsPerRead - 1;
            var events = await store.LoadAsync(streamId, from, to, cancellationToken).ConfigureAwait(false);
            var next = 0;
            if (run is null)
            {
                // The event that the state ends with is read along: one round trip proves it and brings the rest.
                if (events is not [var last, ..] || last.Version != start.Version || last.ChainHash != start.ChainHash)
                {
                    return null;
                }

                (run, next) = (new FoldRun<TState>(start), 1);
            }

            for (; next < events.Count; next++)
            {
                Apply(run, events[next]);
            }

            if (events.Count < options.EventsPerRead)
            {
                return run;
            }

            from = to + 1;
        }
    }

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

        (run.Version, run.ChainHash) = (envelope.Version, envelope.ChainHash);
    }
}
