using K1s0.EventStore.Sqlite.Telemetry;

namespace K1s0.EventStore.Sqlite;

/// <summary>
/// The store with spans and measurements around it: what the container injects as the roles. Thread-safe.
/// </summary>
internal sealed class TracedSqliteEventStore(SqliteEventStore store, string name)
    : IEventStore, IEventAppender, IStreamReader, IFeedReader
{
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
        return SqliteTelemetry.MeasureAsync(
            SqliteTelemetry.AppendOperation,
            name,
            streamId?.AggregateType,
            () => store.AppendAsync(streamId!, list, expected, cancellationToken),
            _ => list.Count);
    }

    public Task<IReadOnlyList<AppendResult>> AppendAsync(
        IReadOnlyCollection<StreamAppend> appends, CancellationToken cancellationToken = default) =>
        SqliteTelemetry.MeasureAsync(
            SqliteTelemetry.AppendOperation,
            name,
            streamType: null,
            () => store.AppendAsync(appends, cancellationToken),
            _ => appends.Sum(append => append.Events.Count));

    public Task<IReadOnlyList<EventEnvelope>> LoadAsync(
        StreamId streamId,
        long fromVersion = 0,
        long? toVersion = null,
        CancellationToken cancellationToken = default) =>
        SqliteTelemetry.MeasureAsync(
            SqliteTelemetry.LoadOperation,
            name,
            streamId?.AggregateType,
            () => store.LoadAsync(streamId!, fromVersion, toVersion, cancellationToken),
            events => events.Count);

    public Task<bool> ExistsAsync(StreamId streamId, CancellationToken cancellationToken = default) =>
        store.ExistsAsync(streamId, cancellationToken);

    public IAsyncEnumerable<EventEnvelope> ReadStreamAsync(
        StreamId streamId,
        ReadDirection direction = ReadDirection.Forward,
        StreamVersion? from = null,
        CancellationToken cancellationToken = default) =>
        store.ReadStreamAsync(streamId, direction, from, cancellationToken);

    public Task<StreamHead> GetHeadAsync(StreamId streamId, CancellationToken cancellationToken = default) =>
        store.GetHeadAsync(streamId, cancellationToken);

    public Task<StoreIdentity> GetIdentityAsync(CancellationToken cancellationToken = default) =>
        store.GetIdentityAsync(cancellationToken);

    public Task<Position> GetSettledBoundAsync(CancellationToken cancellationToken = default) =>
        store.GetSettledBoundAsync(cancellationToken);

    public Task<FeedPage> ReadFeedPageAsync(
        Position after,
        FeedFilter? filter = null,
        int maxCount = 1_000,
        CancellationToken cancellationToken = default) =>
        SqliteTelemetry.MeasureAsync(
            SqliteTelemetry.ReadFeedOperation,
            name,
            streamType: null,
            () => store.ReadFeedPageAsync(after, filter, maxCount, cancellationToken),
            page => page.Events.Count);
}
