using K1s0.EventStore.Postgres.Telemetry;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// The store with spans and measurements around it: what the container injects as the roles, and disposes.
/// Thread-safe.
/// </summary>
internal sealed class TracedPostgresEventStore : IEventStore, IEventAppender, IStreamReader, IFeedReader, IDisposable
{
    private readonly PostgresEventStore _store;

    public TracedPostgresEventStore(PostgresEventStore store)
    {
        _store = store;
        PostgresTelemetry.Observe(store);
    }

    /// <summary>Ends the measuring; the store itself is not this one's.</summary>
    public void Dispose() => PostgresTelemetry.Forget(_store);

    public Task<AppendResult> AppendAsync(
        StreamId streamId,
        IEnumerable<EventEnvelope> events,
        long? expectedVersion = null,
        CancellationToken cancellationToken = default) =>
        AppendAsync(streamId, events, ExpectedVersion.From(expectedVersion), cancellationToken);

    public Task<AppendResult> AppendAsync(
        StreamId streamId,
        IEnumerable<EventEnvelope> events,
        ExpectedVersion expected,
        CancellationToken cancellationToken = default)
    {
        // Counted here, since the sequence is enumerated once.
        var list = events as IReadOnlyCollection<EventEnvelope> ?? events?.ToList()!;
        return PostgresTelemetry.MeasureAsync(
            PostgresTelemetry.AppendOperation,
            _store.Name,
            streamId?.AggregateType,
            () => _store.AppendAsync(streamId!, list, expected, cancellationToken),
            result => result.WasRepeated ? 0 : list.Count);
    }

    public Task<IReadOnlyList<AppendResult>> AppendAsync(
        IReadOnlyCollection<StreamAppend> appends, CancellationToken cancellationToken = default) =>
        PostgresTelemetry.MeasureAsync(
            PostgresTelemetry.AppendOperation,
            _store.Name,
            streamType: null,
            () => _store.AppendAsync(appends, cancellationToken),
            results => results.Zip(appends).Sum(pair => pair.First.WasRepeated ? 0 : pair.Second.Events.Count));

    public Task<IReadOnlyList<EventEnvelope>> LoadAsync(
        StreamId streamId,
        long fromVersion = 0,
        long? toVersion = null,
        CancellationToken cancellationToken = default) =>
        PostgresTelemetry.MeasureAsync(
            PostgresTelemetry.LoadOperation,
            _store.Name,
            streamId?.AggregateType,
            () => _store.LoadAsync(streamId!, fromVersion, toVersion, cancellationToken),
            events => events.Count);

    public Task<bool> ExistsAsync(StreamId streamId, CancellationToken cancellationToken = default) =>
        _store.ExistsAsync(streamId, cancellationToken);

    public IAsyncEnumerable<EventEnvelope> ReadStreamAsync(
        StreamId streamId,
        ReadDirection direction = ReadDirection.Forward,
        StreamVersion? from = null,
        CancellationToken cancellationToken = default) =>
        _store.ReadStreamAsync(streamId, direction, from, cancellationToken);

    public Task<StreamHead> GetHeadAsync(StreamId streamId, CancellationToken cancellationToken = default) =>
        _store.GetHeadAsync(streamId, cancellationToken);

    public Task<StoreIdentity> GetIdentityAsync(CancellationToken cancellationToken = default) =>
        _store.GetIdentityAsync(cancellationToken);

    public Task<Position> GetSettledBoundAsync(CancellationToken cancellationToken = default) =>
        _store.GetSettledBoundAsync(cancellationToken);

    public Task<Position> GetLastPositionAsync(CancellationToken cancellationToken = default) =>
        _store.GetLastPositionAsync(cancellationToken);

    public Task<FeedPage> ReadFeedPageAsync(
        Position after,
        FeedFilter? filter = null,
        int maxCount = 1_000,
        CancellationToken cancellationToken = default) =>
        PostgresTelemetry.MeasureAsync(
            PostgresTelemetry.ReadFeedOperation,
            _store.Name,
            streamType: null,
            () => _store.ReadFeedPageAsync(after, filter, maxCount, cancellationToken),
            page => page.Events.Count);
}
