using K1s0.EventStore.Conformance;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Conformance;

/// <summary>An instance of the store over the shared database.</summary>
internal sealed class PostgresUnderTest(NpgsqlDataSource dataSource, EventStoreOptions options, TimeProvider timeProvider)
    : IConformanceStore
{
    private readonly PostgresEventStore _store = new(dataSource, new PostgresOptions(), options, timeProvider);

    public IEventStore Store => _store;

    public IEventAppender Appender => _store;

    public IStreamReader Streams => _store;

    public IFeedReader Feed => _store;

    public ISnapshotStore Snapshots { get; } = new PostgresSnapshotStore(dataSource, new PostgresOptions(), options);

    public ICheckpointStore Checkpoints { get; } = new PostgresCheckpointStore(dataSource);

    public IParkedEventStore Parked { get; } = new PostgresParkedEventStore(dataSource);

    public EventStoreOptions Options => options;

    public Task<IConformanceStore> OpenAnotherAsync() =>
        Task.FromResult<IConformanceStore>(new PostgresUnderTest(dataSource, options, timeProvider));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
