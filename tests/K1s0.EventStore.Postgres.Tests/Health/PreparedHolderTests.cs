using K1s0.EventStore.Postgres.Telemetry;
using K1s0.EventStore.Postgres.Tests.Telemetry;
using K1s0.EventStore.Postgres.Tests.Transactions;
using K1s0.EventStore.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Health;

/// <summary>A prepared transaction that holds the feed back has no process: it is named by what ends it.</summary>
[Trait("Row", "I05")]
public sealed class PreparedHolderTests : IAsyncLifetime
{
    private const string Gid = "order's undecided";

    private PostgresServer _server = null!;
    private NpgsqlDataSource _source = null!;
    private TestStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await PostgresServer.StartAsync(new PostgresServerOptions
        {
            Settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["max_prepared_transactions"] = "4" },
        });
        _source = NpgsqlDataSource.Create(_server.ConnectionString());
        _store = await TestStore.CreateAsync(_source, $"store_{Guid.CreateVersion7():N}");
    }

    public async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_prepared_holder_is_named_before_and_after_a_restart_until_it_is_decided(bool restarts)
    {
        await HoldAsync();
        if (restarts)
        {
            await _server.KillAsync();
            await _server.StartAgainAsync();
            _source.Clear();
        }

        var (owner, database) = (await ScalarAsync("current_user"), await ScalarAsync("current_database()"));
        var held = await _store.Store.InspectFeedAsync();
        var health = await CheckAsync(TimeSpan.Zero);
        var patient = await CheckAsync(TimeSpan.FromHours(1));

        held.HolderPrepared.Should().Be(new PreparedTransaction(Gid, owner, database));
        (held.HolderPid, held.HolderApplication).Should().Be((null, null));
        held.HeldFor.Should().BePositive().And.BeLessThan(TimeSpan.FromHours(1));
        held.Bound.Should().BeLessThan(held.LastPosition);
        health.Status.Should().Be(HealthStatus.Degraded);
        health.Description.Should().Contain("commit prepared 'order''s undecided'")
            .And.Contain("rollback prepared 'order''s undecided'").And.Contain(owner).And.Contain(database);
        health.Data.Should().Contain("holderGid", Gid).And.Contain("holderOwner", owner)
            .And.Contain("holderDatabase", database).And.NotContainKey("holderPid");
        health.Data["heldSeconds"].Should().BeOfType<double>().Which.Should().BePositive();
        patient.Status.Should().Be(HealthStatus.Healthy);

        await _store.ExecuteAsync("rollback prepared 'order''s undecided'");
        (await _store.Store.InspectFeedAsync()).HolderPrepared.Should().BeNull();
        (await CheckAsync(TimeSpan.Zero)).Status.Should().Be(HealthStatus.Healthy);
    }

    [Fact]
    public async Task A_prepared_transaction_of_somebody_else_is_not_blamed()
    {
        // The other one is prepared first, and in the middle of a transaction that is younger than the holder's.
        await using var other = await Caller.BeginAsync(_source);
        await other.Connection.ExecuteAsync(
            "create table unrelated (id int); select pg_advisory_xact_lock_shared(1, 1); prepare transaction 'unrelated'");
        await HoldAsync();
        await using var third = await Caller.BeginAsync(_source);
        await third.Connection.ExecuteAsync("create table third (id int); prepare transaction 'third'");

        (await _store.Store.InspectFeedAsync()).HolderPrepared!.Gid.Should().Be(Gid);

        await _store.ExecuteAsync("rollback prepared 'order''s undecided'");
        var free = await _store.Store.InspectFeedAsync();
        free.HolderPrepared.Should().BeNull();
        free.HeldFor.Should().BeNull();
        await _store.ExecuteAsync("rollback prepared 'unrelated'");
        await _store.ExecuteAsync("rollback prepared 'third'");
    }

    [Fact]
    public async Task Its_age_is_measured_with_its_identifier()
    {
        await HoldAsync();
        var services = new ServiceCollection();
        services.AddKeyedSingleton(_store.Name, _source);
        services.AddEventStore().UsePostgres(_store.Name, options => options.Schema = _store.Name);
        await using var provider = services.BuildServiceProvider();
        using var recording = new Recording(_store.Name);

        await provider.GetRequiredKeyedService<IFeedReader>(_store.Name).ReadFeedPageAsync(Position.Start);
        recording.Observe();

        var holder = recording.Of(PostgresTelemetry.FeedHolderAge).Should().ContainSingle().Subject;
        holder.Value.Should().BePositive();
        holder.Tags.Should().BeEquivalentTo(
            new Dictionary<string, object?>(StringComparer.Ordinal) { ["store"] = _store.Name, ["gid"] = Gid });
        await _store.ExecuteAsync("rollback prepared 'order''s undecided'");
    }

    private async Task HoldAsync()
    {
        await _store.Store.AppendAsync([Some.Append(Some.Stream())]);
        await using var caller = await Caller.BeginAsync(_source);
        await _store.Store.AppendAsync([Some.Append(Some.Stream())], caller.Transaction);
        await caller.Connection.ExecuteAsync("prepare transaction 'order''s undecided'");
        await _store.Store.AppendAsync([Some.Append(Some.Stream())]);
    }

    private Task<string> ScalarAsync(string expression) => _source.ScalarAsync<string>($"select ({expression})::text");

    private Task<HealthCheckResult> CheckAsync(TimeSpan longestHold)
    {
        var check = new PostgresHealthCheck(_source, _store.Options, longestHold);
        return check.CheckHealthAsync(
            new HealthCheckContext { Registration = new("store", check, HealthStatus.Unhealthy, tags: null) });
    }
}
