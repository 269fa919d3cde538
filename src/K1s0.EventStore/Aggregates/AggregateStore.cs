using K1s0.EventStore.Telemetry;

namespace K1s0.EventStore;

/// <summary>
/// Loads the states of streams, and appends what was decided on top of them, on any store. Thread-safe.
/// </summary>
/// <typeparam name="TState">The state.</typeparam>
/// <typeparam name="TEvent">What all of its events have in common.</typeparam>
public sealed class AggregateStore<TState, TEvent>
    where TEvent : notnull
{
    private readonly IStateFold<TState, TEvent> _fold;
    private readonly IEventStore _store;
    private readonly EventSerializer _serializer;
    private readonly AggregateOptions<TState> _options;
    private readonly StateLoader<TState, TEvent> _loader;

    /// <summary>A store of aggregates.</summary>
    /// <param name="fold">How events add up to the state; a decider is one.</param>
    /// <param name="store">The events.</param>
    /// <param name="serializer">The kinds of events.</param>
    /// <param name="options">How aggregates are loaded, cached and retried; the defaults when null.</param>
    /// <param name="timeProvider">What loads are measured by; the system's clock when null.</param>
    /// <exception cref="ArgumentException">An option is outside of its range.</exception>
    public AggregateStore(
        IStateFold<TState, TEvent> fold,
        IEventStore store,
        EventSerializer serializer,
        AggregateOptions<TState>? options = null,
        TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(fold);
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(serializer);
        (_fold, _store, _serializer) = (fold, store, serializer);
        _options = AggregateOptions<TState>.Checked(options);
        _loader = new StateLoader<TState, TEvent>(
            fold, store, serializer, _options, timeProvider ?? TimeProvider.System);
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
        var envelopes = events.Select(happened => _serializer.ToEnvelope(loaded.StreamId, happened, metadata));
        return _store.AppendAsync(loaded.StreamId, envelopes, loaded.Version.Value, cancellationToken);
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
}
