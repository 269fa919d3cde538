using K1s0.EventStore.Postgres.Tests.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

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

    private static async Task PublishedAsync(TestStore store)
    {
        var result = (await store.Store.AppendAsync([Some.Append(Some.Stream())])).Single();
        await Eventually.TrueAsync(() => store.ScalarAsync<bool>(
            $"select published_bound = {result.LastPosition} from {{s}}.store"));
    }

    private Task<IHost> StartAsync(string schema, RecordedLog log, TimeSpan? publishBoundEvery) =>
        StoreHost.StartAsync(services =>
        {
            services.AddSingleton<ILoggerFactory>(log);
            services.AddSingleton(database.DataSource);
            services.AddEventStore().UsePostgres(options =>
            {
                options.Schema = schema;
                options.AllowUnsafeDurability = true;
                options.PublishBoundEvery = publishBoundEvery;
            });
        });
}
