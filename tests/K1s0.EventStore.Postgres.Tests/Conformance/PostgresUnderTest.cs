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

    public ILeaseStore Leases { get; } = new PostgresLeaseStore(dataSource);

    public ILedgerStore Ledger { get; } = new PostgresLedgerStore(dataSource);

    public IParkedEventStore Parked { get; } = new PostgresParkedEventStore(dataSource);

    public EventStoreOptions Options => options;

    public Task<IConformanceStore> OpenAnotherAsync() =>
        Task.FromResult<IConformanceStore>(new PostgresUnderTest(dataSource, options, timeProvider));

    // The server's clock cannot be put forward, so the end of the lease is put back.
    public async Task RunOutAsync(Lease lease)
    {
        await using var command = dataSource.CreateCommand(
            "update event_store.leases set expires_at = clock_timestamp() where lease_name = $1 and epoch = $2");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = lease.Name });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = lease.Epoch });
        (await command.ExecuteNonQueryAsync()).Should().Be(1);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
