using K1s0.EventStore.Postgres.Tests.Partitions;
using K1s0.EventStore.Postgres.Tests.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Registration;

/// <summary>What the hosted service does after the start.</summary>
public sealed class UpkeepTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact]
    public async Task The_settled_bound_is_stored_for_standbys_and_a_failure_is_logged_and_tried_again()
    {
        var store = await database.NewStoreAsync();
        using var log = new RecordedLog();
        using var host = await StartAsync(store.Name, log, TimeSpan.FromMilliseconds(20));
        await PublishedAsync(store);

        await store.ExecuteAsync("alter function {s}.publish_bound() rename to gone");
        await Eventually.TrueAsync(() => Task.FromResult(log.Entries.Any(entry => entry.Id.Id == 1103)));
        await store.ExecuteAsync("alter function {s}.gone() rename to publish_bound");
        await PublishedAsync(store);

        log.Entries.First(entry => entry.Id.Id == 1103).Should().Match<(EventId Id, LogLevel Level, string Text)>(
            entry => entry.Level == LogLevel.Warning
                && entry.Id.Name == "UpkeepFailed"
                && entry.Text.Contains(store.Name));
        await host.StopAsync();
        log.Entries.Should().NotContain(entry => entry.Level >= LogLevel.Error);
    }

    [Fact]
    public async Task The_start_logs_the_schema_and_its_version()
    {
        var schema = database.NewSchemaName();
        using var log = new RecordedLog();
        using var host = await StartAsync(schema, log, publishBoundEvery: null);

        log.Entries.Should().ContainSingle(entry => entry.Id.Id == 1101).Which.Should()
            .Match<(EventId Id, LogLevel Level, string Text)>(entry =>
                entry.Level == LogLevel.Information && entry.Id.Name == "SchemaReady" && entry.Text.Contains(schema));
    }

    [Fact]
    public async Task Also_without_migrating_the_partitions_ahead_are_made_at_the_start()
    {
        var store = await database.NewStoreAsync();
        await store.ExecuteAsync($"drop table {{s}}.{Month.Ahead(1).Partition}");
        using var log = new RecordedLog();

        using var host = await StartAsync(store.Name, log, publishBoundEvery: null, migrate: false);

        (await HasPartitionAsync(store)).Should().BeTrue();
        log.Entries.Should().ContainSingle(entry => entry.Id.Id == 1102).And.NotContain(entry => entry.Id.Id == 1103);
    }

    [Fact]
    public async Task A_role_that_may_not_make_partitions_starts_without_them_and_the_log_says_who_may()
    {
        var store = await database.NewStoreAsync();
        await store.ExecuteAsync($"drop table {{s}}.{Month.Ahead(1).Partition}");
        await using var role = await TestRole.CreateAsync(database);
        await store.ExecuteAsync($"select {{s}}.grant_writer('{role.Name}')");
        using var log = new RecordedLog();

        using var host = await StartAsync(store.Name, log, null, migrate: false, role.DataSource);
        var result = await host.Services.GetRequiredService<IEventAppender>().AppendAsync([Some.Append(Some.Stream())]);

        result[0].Version.Value.Should().Be(1);
        (await HasPartitionAsync(store)).Should().BeFalse();
        log.Entries.Should().ContainSingle(entry => entry.Id.Id == 1103).Which.Should()
            .Match<(EventId Id, LogLevel Level, string Text)>(entry => entry.Level == LogLevel.Warning
                && entry.Text.Contains("EnsurePartitionsAsync as the owner"));
        await host.StopAsync();
    }

    private static Task<bool> HasPartitionAsync(TestStore store) => store.ScalarAsync<bool>(
        $"select to_regclass('{{s}}.{Month.Ahead(1).Partition}') is not null");

    private static async Task PublishedAsync(TestStore store)
    {
        var result = (await store.Store.AppendAsync([Some.Append(Some.Stream())])).Single();
        await Eventually.TrueAsync(() => store.ScalarAsync<bool>(
            $"select published_bound = {result.LastPosition} from {{s}}.store"));
    }

    private Task<IHost> StartAsync(
        string schema,
        RecordedLog log,
        TimeSpan? publishBoundEvery,
        bool migrate = true,
        NpgsqlDataSource? dataSource = null) =>
        StoreHost.StartAsync(services =>
        {
            services.AddSingleton<ILoggerFactory>(log);
            services.AddSingleton(dataSource ?? database.DataSource);
            services.AddEventStore().UsePostgres(options =>
            {
                options.Schema = schema;
                options.AllowUnsafeDurability = true;
                options.MigrateOnStart = migrate;
                options.PublishBoundEvery = publishBoundEvery;
            });
        });
}
