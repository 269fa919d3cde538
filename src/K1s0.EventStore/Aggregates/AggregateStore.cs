using System.Text.Json;
using K1s0.EventStore.Compression;
using K1s0.EventStore.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace K1s0.EventStore;

/// <summary>
/// Loads the states of streams, and appends what was decided on top of them, on any store. Thread-safe.
/// </summary>
/// <remarks>
/// With a snapshot a load takes two round trips: the snapshot, and the events from its last one on, which prove it.
/// With a remembered state it takes one. An exception in the middle leaves nothing behind: appends are all or nothing,
/// and snapshots are only a cache.
/// </remarks>
/// <typeparam name="TState">The state.</typeparam>
/// <typeparam name="TEvent">What all of its events have in common.</typeparam>
public sealed class AggregateStore<TState, TEvent>
    where TEvent : notnull
{
    private readonly IStateFold<TState, TEvent> _fold;
    private readonly IEventStore _store;
    private readonly EventSerializer _serializer;
    private readonly AggregateOptions<TState> _options;
    private readonly SnapshotStrategy _strategy;
    private readonly bool _hasSnapshots;
    private readonly StateLoader<TState, TEvent> _loader;
    private readonly OversizedStates _oversized = new();
    private readonly ILogger _logger;

    /// <summary>A store of aggregates.</summary>
    /// <param name="fold">How events add up to the state; a decider is one.</param>
    /// <param name="store">The events.</param>
    /// <param name="serializer">The kinds of events.</param>
    /// <param name="options">How aggregates are loaded, cached and retried; the defaults when null.</param>
    /// <param name="timeProvider">What loads are measured by; the system's clock when null.</param>
    /// <param name="snapshots">
    /// Where snapshots are kept; none are when null, or when the options name no format.
    /// </param>
    /// <param name="codecs">What snapshots are compressed with; those of the system when null.</param>
    /// <param name="loggerFactory">Where to log; nowhere when null.</param>
    /// <exception cref="ArgumentException">An option is outside of its range.</exception>
    public AggregateStore(
        IStateFold<TState, TEvent> fold,
        IEventStore store,
        EventSerializer serializer,
        AggregateOptions<TState>? options = null,
        TimeProvider? timeProvider = null,
        ISnapshotStore? snapshots = null,
        CompressionCodecs? codecs = null,
        ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(fold);
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(serializer);
        (_fold, _store, _serializer) = (fold, store, serializer);
        _options = AggregateOptions<TState>.Checked(options);
        _strategy = _options.Snapshots ?? SnapshotStrategy.EveryEvents(new EventStoreOptions().SnapshotInterval);
        _logger = loggerFactory?.CreateLogger("K1s0.EventStore.Aggregates") ?? NullLogger.Instance;
        _hasSnapshots = snapshots is not null && _options.Format is not null;
        _loader = new StateLoader<TState, TEvent>(
            fold,
            store,
            serializer,
            _options,
            _hasSnapshots
                ? new SnapshotKeeper<TState>(snapshots!, codecs ?? CompressionCodecs.OfSystem, _options, _logger)
                : null,
            timeProvider ?? TimeProvider.System);
    }

    /// <summary>Loads the state of a stream; the initial state when there is none.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="cancellationToken">Gives up loading.</param>
    /// <exception cref="EventNotUnderstoodException">An event is not understood, and that is not tolerated.</exception>
    public async Task<LoadedState<TState>> LoadAsync(
        StreamId streamId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streamId);
        var loaded = await _loader.LoadAsync(streamId, cancellationToken).ConfigureAwait(false);
        AggregateTelemetry.RecordLoad(_options, loaded);
        return loaded;
    }

    /// <summary>Loads the state of a stream as it was.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="point">A version, or a time of the store's or of the application's clock.</param>
    /// <param name="cancellationToken">Gives up loading.</param>
    /// <exception cref="StreamVersionNotReachedException">The stream does not have that version.</exception>
    /// <exception cref="EventNotUnderstoodException">An event is not understood, and that is not tolerated.</exception>
    public Task<LoadedState<TState>> LoadAtAsync(
        StreamId streamId, StreamPoint point, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streamId);
        return _loader.LoadAtAsync(streamId, point, cancellationToken);
    }

    /// <summary>Compares the states of a stream at two points, by their JSON.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="before">The first point.</param>
    /// <param name="after">The second point; usually later, but it need not be.</param>
    /// <param name="cancellationToken">Gives up loading.</param>
    /// <exception cref="InvalidOperationException">The options name no format.</exception>
    /// <inheritdoc cref="LoadAtAsync" path="/exception"/>
    public async Task<StateDifference<TState>> CompareAsync(
        StreamId streamId, StreamPoint before, StreamPoint after, CancellationToken cancellationToken = default)
    {
        var format = _options.Format ?? throw Missing(nameof(AggregateOptions<TState>.Format));
        var first = await LoadAtAsync(streamId, before, cancellationToken).ConfigureAwait(false);
        var second = await LoadAtAsync(streamId, after, cancellationToken).ConfigureAwait(false);
        return new StateDifference<TState>(
            first, second, JsonDifference.Between(ToJson(first.State), ToJson(second.State)));

        JsonElement ToJson(TState state) => JsonElement.Parse(format.Serialize(state), RawEvent.Parsing);
    }

    /// <summary>
    /// Takes a snapshot now, whatever the strategy: the one before, and the events behind it, read from the store.
    /// </summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="cancellationToken">Gives up; the snapshot may have been kept all the same.</param>
    /// <returns>The snapshot; null when the one before holds all events, or an event was not understood.</returns>
    /// <exception cref="SnapshotTooLargeException">The state is too large; nothing was kept.</exception>
    /// <exception cref="InvalidOperationException">No snapshots are kept here.</exception>
    public Task<TakenSnapshot?> TakeSnapshotAsync(StreamId streamId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streamId);
        return _hasSnapshots
            ? _loader.TakeSnapshotAsync(streamId, strategy: null, cancellationToken)
            : throw Missing("snapshot store with a format");
    }

    /// <summary>Appends events on top of a state that was loaded: the stream must still be at its version.</summary>
    /// <param name="loaded">The state that was decided on.</param>
    /// <param name="events">What happened, in order.</param>
    /// <param name="metadata">
    /// Circumstances, the same for each event; <see cref="EventMetadata.CausedBy"/> carries on what led to them.
    /// </param>
    /// <param name="cancellationToken">Gives up as long as the append waits.</param>
    /// <inheritdoc cref="IEventStore.AppendAsync" path="/exception"/>
    public Task<AppendResult> AppendAsync(
        LoadedState<TState> loaded,
        IEnumerable<TEvent> events,
        EventMetadata? metadata = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(loaded);
        ArgumentNullException.ThrowIfNull(events);
        return AppendThenSnapshotAsync(loaded, events, metadata, cancellationToken);
    }

    /// <summary>
    /// Loads the state, decides, and appends. When somebody else appended in between, it loads and decides again, at
    /// most <see cref="AggregateOptions{TState}.MaxAttempts"/> times.
    /// </summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="decide">
    /// What happens, given the state; called once an attempt. What it throws reaches the caller, and nothing is
    /// written.
    /// </param>
    /// <param name="metadata">Circumstances, the same for each event.</param>
    /// <param name="cancellationToken">Gives up as long as nothing is on its way to the store.</param>
    /// <exception cref="ConcurrencyException">Others were faster each time; nothing was written.</exception>
    /// <exception cref="AppendOutcomeUnknownException">
    /// Nobody knows whether the events are stored: append <see cref="AppendOutcomeUnknownException.Appends"/> again, or
    /// handle the command again where it notices that it was handled.
    /// </exception>
    public async Task<HandledCommand<TState, TEvent>> HandleAsync(
        StreamId streamId,
        Func<TState, IEnumerable<TEvent>> decide,
        EventMetadata? metadata = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(decide);
        var handled = await DecideAsync(streamId, decide, metadata, cancellationToken).ConfigureAwait(false);
        return handled.ToCommand(handled.Events.Aggregate(handled.Loaded.State, _fold.Evolve));
    }

    // The loop, without the state behind it: a class has taken in its events by itself.
    internal async Task<Decision<TState, TEvent>> DecideAsync(
        StreamId streamId,
        Func<TState, IEnumerable<TEvent>> decide,
        EventMetadata? metadata,
        CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var loaded = await LoadAsync(streamId, cancellationToken).ConfigureAwait(false);
            TEvent[] events = [.. decide(loaded.State)];
            if (events.Length == 0)
            {
                return new Decision<TState, TEvent>(loaded, events, Append: null, attempt);
            }

            try
            {
                var result = await AppendAsync(loaded, events, metadata, cancellationToken).ConfigureAwait(false);
                return new Decision<TState, TEvent>(loaded, events, result, attempt);
            }
            catch (Exception e) when (
                e is ConcurrencyException or StreamDivergedException && attempt < _options.MaxAttempts)
            {
                AggregateTelemetry.CountConflict(_options);
            }
        }
    }

    private static InvalidOperationException Missing(string what) =>
        new($"The aggregate store of {typeof(TState).Name} has no {what}.");

    private async Task<AppendResult> AppendThenSnapshotAsync(
        LoadedState<TState> loaded,
        IEnumerable<TEvent> events,
        EventMetadata? metadata,
        CancellationToken cancellationToken)
    {
        var envelopes = events.Select(happened => _serializer.ToEnvelope(loaded.StreamId, happened, metadata));
        var result = await _store.AppendAsync(loaded.StreamId, envelopes, loaded.Version.Value, cancellationToken)
            .ConfigureAwait(false);
        if (_hasSnapshots && loaded.IsUnderstood && _strategy.IsDue(_loader.Situation(loaded, result.Version))
            && _oversized.IsWorthTrying(loaded.StreamId, result.Version))
        {
            await TakeDueSnapshotAsync(loaded.StreamId, result.Version, cancellationToken).ConfigureAwait(false);
        }

        return result;
    }

    // The events are stored: whatever becomes of the snapshot, the caller must not take the append for failed.
    private async Task TakeDueSnapshotAsync(
        StreamId streamId, StreamVersion version, CancellationToken cancellationToken)
    {
        try
        {
            await _loader.TakeSnapshotAsync(streamId, _strategy, cancellationToken).ConfigureAwait(false);
        }
        catch (SnapshotTooLargeException e)
        {
            AggregateTelemetry.CountSnapshotFailure(_options, e);
            if (_oversized.Remember(streamId, version))
            {
                _logger.SnapshotTooLarge(streamId, e.Bytes, e.MaxBytes);
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            AggregateTelemetry.CountSnapshotFailure(_options, e);
            _logger.SnapshotFailed(streamId, e);
        }
    }
}
