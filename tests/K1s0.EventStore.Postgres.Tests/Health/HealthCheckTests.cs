using K1s0.EventStore.Postgres.Tests.Partitions;
using K1s0.EventStore.Postgres.Tests.Transactions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Health;

[Trait("Row", "I05")]
public sealed class HealthCheckTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact]
    public async Task A_store_that_works_is_healthy_and_says_how_far_it_is()
    {
        var store = await database.NewStoreAsync();
        var results = await store.Store.AppendAsync([Some.Append(Some.Stream(), 3)]);

        var health = await CheckAsync(store);

        health.Status.Should().Be(HealthStatus.Healthy);
        health.Exception.Should().BeNull();
        health.Data.Should().Equal(new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["schemaVersion"] = PostgresSchema.SupportedVersion,
            ["settledBound"] = results[0].LastPosition.Value,
            ["lastPosition"] = results[0].LastPosition.Value,
            ["partitions"] = 4L,
            ["nextMonthReady"] = true,
            ["standby"] = false,
        });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(99)]
    public async Task A_schema_of_another_version_is_unhealthy(int version)
    {
        var store = await database.NewStoreAsync();
        await store.ExecuteAsync($"update {{s}}.store set schema_version = {version}");

        var health = await CheckAsync(store);

        health.Status.Should().Be(HealthStatus.Unhealthy);
        health.Description.Should().Contain($"{version}").And.Contain($"{PostgresSchema.SupportedVersion}");
    }

    [Fact]
    public async Task An_open_transaction_that_appended_is_named_and_degrades_the_store_when_it_holds_too_long()
    {
        var store = await database.NewStoreAsync();
        await using var slow = NpgsqlDataSource.Create(
            database.With(connection => connection.ApplicationName = "slow billing"));
        await using var caller = await Caller.BeginAsync(slow);
        await store.Store.AppendAsync([Some.Append(Some.Stream())], caller.Transaction);
        await store.Store.AppendAsync([Some.Append(Some.Stream())]);

        var strict = await CheckAsync(store, longestHold: TimeSpan.Zero);
        var patient = await CheckAsync(store, longestHold: TimeSpan.FromHours(1));

        strict.Status.Should().Be(HealthStatus.Degraded);
        strict.Description.Should().Contain($"process {caller.Connection.ProcessID}").And.Contain("slow billing");
        patient.Status.Should().Be(HealthStatus.Healthy);
        foreach (var health in new[] { strict, patient })
        {
            health.Data["holderPid"].Should().Be(caller.Connection.ProcessID);
            health.Data["holderApplication"].Should().Be("slow billing");
            health.Data["heldSeconds"].Should().BeOfType<double>().Which.Should().BePositive();
            ((long)health.Data["settledBound"]).Should().BeLessThan((long)health.Data["lastPosition"]);
        }
    }

    [Fact]
    public async Task When_the_holder_is_gone_the_store_is_healthy_again()
    {
        var store = await database.NewStoreAsync();
        await using (var caller = await Caller.BeginAsync(database.DataSource))
        {
            await store.Store.AppendAsync([Some.Append(Some.Stream())], caller.Transaction);
            (await CheckAsync(store, longestHold: TimeSpan.Zero)).Status.Should().Be(HealthStatus.Degraded);
        }

        var health = await CheckAsync(store, longestHold: TimeSpan.Zero);

        health.Status.Should().Be(HealthStatus.Healthy);
        health.Data.Should().NotContainKey("holderPid");
    }

    [Fact]
    public async Task A_long_transaction_that_has_not_appended_does_not_matter()
    {
        var store = await database.NewStoreAsync();
        await using var caller = await Caller.BeginAsync(database.DataSource);
        await caller.Connection.ExecuteAsync(
            "create temporary table busy (id int) on commit drop; select pg_current_xact_id()");

        (await CheckAsync(store, longestHold: TimeSpan.Zero)).Status.Should().Be(HealthStatus.Healthy);
    }

    [Fact]
    public async Task A_missing_partition_of_next_month_degrades_the_store_and_the_message_says_what_to_do()
    {
        var store = await database.NewStoreAsync();
        await store.ExecuteAsync($"drop table {{s}}.{Month.Ahead(1).Partition}");

        var health = await CheckAsync(store);

        health.Status.Should().Be(HealthStatus.Degraded);
        health.Description.Should().Contain("EnsurePartitionsAsync");
        health.Data["nextMonthReady"].Should().Be(false);
        await store.Schema.EnsurePartitionsAsync();
        (await CheckAsync(store)).Status.Should().Be(HealthStatus.Healthy);
    }

    [Theory]
    [InlineData(HealthStatus.Unhealthy)]
    [InlineData(HealthStatus.Degraded)]
    public async Task A_server_that_is_gone_has_the_status_that_was_registered_for_failures(HealthStatus failureStatus)
    {
        await using var nowhere = NpgsqlDataSource.Create(
            database.With(connection => connection.Host = "/nonexistent"));

        var health = await CheckAsync(new PostgresHealthCheck(nowhere), failureStatus);

        health.Status.Should().Be(failureStatus);
        health.Exception.Should().BeOfType<StoreUnavailableException>();
        health.Description.Should().Contain("Check that the server runs");
    }

    [Fact]
    public async Task A_schema_that_is_missing_has_the_status_that_was_registered_for_failures()
    {
        var check = new PostgresHealthCheck(
            database.DataSource, new PostgresOptions { Schema = database.NewSchemaName() });

        var health = await CheckAsync(check, HealthStatus.Unhealthy);

        health.Status.Should().Be(HealthStatus.Unhealthy);
        health.Exception.Should().BeOfType<StoreSchemaException>();
        health.Description.Should().Contain("MigrateAsync");
    }

    [Fact]
    public async Task A_reader_may_check()
    {
        var store = await database.NewStoreAsync();
        await using var role = await TestRole.CreateAsync(database);
        await store.ExecuteAsync($"select {{s}}.grant_reader('{role.Name}')");

        (await CheckAsync(store.Reopen(role.DataSource))).Status.Should().Be(HealthStatus.Healthy);
    }

    private static Task<HealthCheckResult> CheckAsync(TestStore store, TimeSpan? longestHold = null) =>
        CheckAsync(new PostgresHealthCheck(store.DataSource, store.Options, longestHold), HealthStatus.Unhealthy);

    private static Task<HealthCheckResult> CheckAsync(PostgresHealthCheck check, HealthStatus failureStatus) =>
        check.CheckHealthAsync(
            new HealthCheckContext { Registration = new("store", check, failureStatus, tags: null) });
}
