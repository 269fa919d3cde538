using K1s0.EventStore.TestServers;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Subscriptions;

/// <summary>Two real processes share subscriptions; one is frozen (SIGSTOP) in the middle of an event and wakes up.</summary>
public sealed class FrozenConsumerTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    [Theory]
    [InlineData(SharedConsumerProcess.ExactlyOnce)]
    [InlineData(SharedConsumerProcess.AtLeastOnce)]
    [Trait("Row", "X04")]
    [Trait("PeerBug", "B17")]
    public async Task A_frozen_owner_is_taken_over_and_writes_nothing_when_it_wakes_up(string frozenIn)
    {
        using var limit = new CancellationTokenSource(Patience);
        var store = await StoreAsync();
        var streams = new[] { Some.Stream(), Some.Stream(), Some.Stream() };
        foreach (var stream in streams)
        {
            await store.Store.AppendAsync([Some.Append(stream, 10)], limit.Token);
        }

        var events = await store.FeedAsync();
        var gate = await HoldLockAsync();
        await using var former = await StartAsync(store, "former", frozenIn, events[17].Position);
        await LineAsync(former, SharedConsumerProcess.Stands, limit.Token);
        await using var other = await StartAsync(store, "other", string.Empty, default);
        await LineAsync(other, $"SubscriptionStandsBy {frozenIn}", limit.Token);
        await former.FreezeAsync();

        // By the database's clock the lease runs out, and with it the transaction that holds a lock on the total.
        await LineAsync(other, $"SubscriptionStarted {frozenIn}", limit.Token);
        await CaughtUpAsync(store, frozenIn, events[^1].Position, limit.Token);
        var afterTakeover = await OwnerAsync(store, frozenIn);
        await gate.DisposeAsync();
        former.Thaw();
        await LineAsync(former, $"SubscriptionStandsBy {frozenIn}", limit.Token);

        (await OwnerAsync(store, frozenIn)).Should().Be(afterTakeover).And.StartWith("other");
        foreach (var stream in streams)
        {
            await store.Store.AppendAsync([Some.Append(stream, 10)], limit.Token);
        }

        events = await store.FeedAsync();
        foreach (var name in new[] { SharedConsumerProcess.ExactlyOnce, SharedConsumerProcess.AtLeastOnce })
        {
            await CaughtUpAsync(store, name, events[^1].Position, limit.Token);
        }

        (await store.ColumnAsync<Guid>("select event_id from {s}.effects order by place"))
            .Should().Equal(events.Select(envelope => envelope.Id), "each once, in the order of the feed");
        (await store.ScalarAsync<long>("select events from {s}.totals")).Should().Be(60);
        (await store.ColumnAsync<Guid>("select distinct event_id from {s}.seen"))
            .Should().BeEquivalentTo(events.Select(envelope => envelope.Id), "each at least once");
    }

    private static async Task LineAsync(ChildProcess process, string expected, CancellationToken cancellationToken)
    {
        while (await process.ReadLineAsync(cancellationToken) is { } line)
        {
            if (string.Equals(line, expected, StringComparison.Ordinal))
            {
                return;
            }
        }

        throw new InvalidOperationException($"The process ended without \"{expected}\".");
    }

    private static Task<string> OwnerAsync(TestStore store, string name) => store.ScalarAsync<string>(
        $"select owner || ' ' || owner_epoch || ' ' || position from {{s}}.subscriptions where consumer = '{name}'");

    private static async Task CaughtUpAsync(
        TestStore store, string name, Position end, CancellationToken cancellationToken)
    {
        while ((await store.Checkpoints.LoadAsync(name, cancellationToken))?.Position is not { } position
            || position < end)
        {
            await Task.Yield();
        }
    }

    private Task<ChildProcess> StartAsync(TestStore store, string owner, string standIn, Position standAt) =>
        ChildProcess.StartAsync(
            typeof(SharedConsumerProcess).Assembly,
            [
                Program.Role, SharedConsumerProcess.Role, database.ConnectionString, store.Name, owner, standIn,
                standAt.ToString(),
            ]);

    private async Task<TestStore> StoreAsync()
    {
        var store = await database.NewStoreAsync();
        foreach (var table in new[] { "effects", "seen" })
        {
            await store.ExecuteAsync(
                $"create table {{s}}.{table} (place bigint generated always as identity, event_id uuid not null, "
                + "owner text not null)");
        }

        await store.ExecuteAsync("create table {s}.totals (events bigint not null)");
        await store.ExecuteAsync("insert into {s}.totals (events) values (0)");
        return store;
    }

    private async Task<NpgsqlConnection> HoldLockAsync()
    {
        // Not of a pool, where the session would keep the lock.
        var connection = new NpgsqlConnection(database.With(connection => connection.Pooling = false));
        await connection.OpenAsync();
        await connection.ExecuteAsync("select pg_advisory_lock(1)");
        return connection;
    }
}
