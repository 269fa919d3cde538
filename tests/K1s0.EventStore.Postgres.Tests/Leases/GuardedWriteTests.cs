using K1s0.EventStore.Postgres.Tests.Transactions;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Leases;

/// <summary>The fencing token is checked in the transaction that writes.</summary>
[Trait("Row", "X04")]
public sealed class GuardedWriteTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private const string Name = "writer";

    // Longer than any of these tests.
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(30);

    [Fact]
    public async Task A_holder_writes()
    {
        var store = await NewStoreAsync();
        var lease = await HoldAsync(store, "holder");

        await WriteAsync(store, lease, "effect");

        (await EffectsAsync(store)).Should().Equal("effect");
    }

    [Fact]
    public async Task A_holder_that_slept_past_its_lease_cannot_write()
    {
        var store = await NewStoreAsync();
        var lease = await HoldAsync(store, "sleeper");
        await RunOutAsync(store);

        var lost = await Assert.ThrowsAsync<LeaseLostException>(() => WriteAsync(store, lease, "late effect"));

        (lost.LeaseName, lost.Epoch).Should().Be((Name, lease.Epoch));
        (await EffectsAsync(store)).Should().BeEmpty();
    }

    [Fact]
    public async Task A_former_holder_cannot_write_and_the_new_one_can()
    {
        var store = await NewStoreAsync();
        var former = await HoldAsync(store, "former");
        await RunOutAsync(store);
        var holder = await HoldAsync(store, "holder");

        await Assert.ThrowsAsync<LeaseLostException>(() => WriteAsync(store, former, "late effect"));
        await WriteAsync(store, holder, "effect");

        (await EffectsAsync(store)).Should().Equal("effect");
    }

    [Fact]
    public async Task A_lease_ends_by_the_servers_clock()
    {
        var store = await NewStoreAsync();
        var lease = await store.Leases.TryAcquireAsync(Name, "sleeper", Lease.ShortestDuration);
        Lease? next = null;

        await Eventually.TrueAsync(async () => (next = await store.Leases.TryAcquireAsync(Name, "next", Long)) is not null);

        next!.Epoch.Should().Be(lease!.Epoch + 1);
        await Assert.ThrowsAsync<LeaseLostException>(() => WriteAsync(store, lease, "late effect"));
    }

    [Fact]
    public async Task Nobody_acquires_the_lease_and_nobody_waits_while_a_guarded_write_is_under_way()
    {
        var store = await NewStoreAsync();
        var lease = await HoldAsync(store, "writer");
        await using var caller = await Caller.BeginAsync(database.DataSource);
        await store.Leases.GuardAsync(lease, caller.Transaction);
        await InsertAsync(store, caller, "effect");

        // Not by a wait: the other one is told at once that it is held.
        (await store.Leases.TryAcquireAsync(Name, "other", Long)).Should().BeNull();
        await caller.Transaction.CommitAsync();
        await RunOutAsync(store);

        (await store.Leases.TryAcquireAsync(Name, "other", Long)).Should().NotBeNull();
        (await EffectsAsync(store)).Should().Equal("effect");
    }

    [Fact]
    public async Task A_writer_that_falls_asleep_within_its_transaction_is_cut_off_and_its_write_undone()
    {
        var store = await NewStoreAsync();
        await using var sleeper = await FallingAsleepAsync(store);
        Lease? next = null;

        await Eventually.TrueAsync(async () => (next = await store.Leases.TryAcquireAsync(Name, "next", Long)) is not null);
        await WriteAsync(store, next!, "effect");

        await Assert.ThrowsAnyAsync<NpgsqlException>(() => sleeper.Transaction.CommitAsync());
        (await EffectsAsync(store)).Should().Equal("effect");
    }

    [Fact]
    public async Task A_shorter_limit_of_the_session_for_idle_transactions_stays()
    {
        var store = await NewStoreAsync();
        var lease = await HoldAsync(store, "writer");
        await using var caller = await Caller.BeginAsync(database.DataSource);
        await caller.Transaction.Connection!.ExecuteAsync("set local idle_in_transaction_session_timeout = '30s'");

        await store.Leases.GuardAsync(lease, caller.Transaction);

        (await caller.Transaction.Connection!.ScalarAsync<string>("show idle_in_transaction_session_timeout"))
            .Should().Be("30s");
        await caller.Transaction.RollbackAsync();
    }

    private async Task<TestStore> NewStoreAsync()
    {
        var store = await database.NewStoreAsync();
        await store.ExecuteAsync("create table {s}.effects (effect text)");
        return store;
    }

    // In the middle of its transaction, with a lease that runs out soon; longer where the machine is too slow for it.
    private async Task<Caller> FallingAsleepAsync(TestStore store)
    {
        for (var duration = Lease.ShortestDuration; ; duration *= 2)
        {
            var lease = (await store.Leases.TryAcquireAsync(Name, "sleeper", duration))!;
            var sleeper = await Caller.BeginAsync(database.DataSource);
            try
            {
                await InsertAsync(store, sleeper, "late effect");
                await store.Leases.GuardAsync(lease, sleeper.Transaction);
                return sleeper;
            }
            catch (LeaseLostException)
            {
                await sleeper.DisposeAsync();
            }
        }
    }

    private static async Task<Lease> HoldAsync(TestStore store, string owner) =>
        await store.Leases.TryAcquireAsync(Name, owner, Long) ?? throw new InvalidOperationException("It is held.");

    private static Task RunOutAsync(TestStore store) =>
        store.ExecuteAsync("update {s}.leases set expires_at = clock_timestamp()");

    private static Task InsertAsync(TestStore store, Caller caller, string effect) =>
        caller.Transaction.Connection!.ExecuteAsync(store.Named($"insert into {{s}}.effects values ('{effect}')"));

    private static Task<IReadOnlyList<string>> EffectsAsync(TestStore store) =>
        store.ColumnAsync<string>("select effect from {s}.effects");

    private async Task WriteAsync(TestStore store, Lease lease, string effect)
    {
        await using var caller = await Caller.BeginAsync(database.DataSource);
        await InsertAsync(store, caller, effect);
        await store.Leases.GuardAsync(lease, caller.Transaction);
        await caller.Transaction.CommitAsync();
    }
}
