using System.Diagnostics;
using K1s0.EventStore.Postgres.Telemetry;
using K1s0.EventStore.Postgres.Tests.Transactions;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Telemetry;

/// <summary>Names, tags and units of what is measured: dashboards depend on them.</summary>
[Trait("Row", "I05")]
public sealed class TelemetryTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact]
    public void Names_are_what_dashboards_know()
    {
        new[]
        {
            PostgresTelemetry.SourceName, PostgresTelemetry.OperationDuration, PostgresTelemetry.Events,
            PostgresTelemetry.AppendRetries, PostgresTelemetry.FeedHeldBack, PostgresTelemetry.AppendOperation,
            PostgresTelemetry.LoadOperation, PostgresTelemetry.ReadFeedOperation,
        }.Should().Equal(
            "K1s0.EventStore.Postgres", "k1s0.eventstore.operation.duration", "k1s0.eventstore.events",
            "k1s0.eventstore.append.retries", "k1s0.eventstore.feed.held_back", "eventstore append",
            "eventstore load", "eventstore read_feed");
    }

    [Fact]
    public async Task Appending_loading_and_reading_the_feed_are_traced_and_measured()
    {
        await using var services = await ServicesAsync();
        var (store, recording) = (services.GetRequiredKeyedService<IEventStore>(Name(services)), Record(services));
        using var _ = recording;
        var stream = Some.Stream();

        await store.AppendAsync(stream, Some.Events(stream, 3), 0);
        await services.GetRequiredKeyedService<IEventAppender>(Name(services))
            .AppendAsync([Some.Append(Some.Stream(), 2), Some.Append(Some.Stream())]);
        await store.LoadAsync(stream);
        await services.GetRequiredKeyedService<IFeedReader>(Name(services)).ReadFeedPageAsync(Position.Start);

        string[] operations = ["eventstore append", "eventstore append", "eventstore load", "eventstore read_feed"];
        recording.Activities.Select(activity => activity.OperationName).Should().Equal(operations);
        recording.Activities.Should().OnlyContain(activity =>
            activity.Kind == ActivityKind.Client
            && activity.Status == ActivityStatusCode.Unset
            && Equals(activity.GetTagItem("db.system.name"), "postgresql"));
        recording.Activities.Select(activity => (string?)activity.GetTagItem("stream.type"))
            .Should().Equal("order", null, "order", null);
        recording.Activities.Select(activity => (long)activity.GetTagItem("events")!).Should().Equal(3, 3, 3, 6);
        var durations = recording.Of(PostgresTelemetry.OperationDuration);
        durations.Select(measured => (string?)measured.Tags["operation"]).Should().Equal(operations);
        durations.Should().OnlyContain(measured => measured.Unit == "s" && measured.Value > 0 && measured.Value < 600);
        durations.Should().OnlyContain(measured => !measured.Tags.ContainsKey("error.type"));
        var events = recording.Of(PostgresTelemetry.Events);
        events.Select(measured => measured.Value).Should().Equal(3, 3, 3, 6);
        events.Should().OnlyContain(measured => measured.Unit == "{event}");
    }

    [Fact]
    public async Task A_failure_is_traced_and_measured_with_its_type()
    {
        await using var services = await ServicesAsync();
        using var recording = Record(services);
        var store = services.GetRequiredKeyedService<IEventStore>(Name(services));
        var stream = Some.Stream();

        await Assert.ThrowsAsync<ConcurrencyException>(() => store.AppendAsync(stream, Some.Events(stream, 1), 7));

        var activity = recording.Activities.Should().ContainSingle().Subject;
        activity.Status.Should().Be(ActivityStatusCode.Error);
        activity.GetTagItem("error.type").Should().Be("K1s0.EventStore.ConcurrencyException");
        recording.Of(PostgresTelemetry.OperationDuration).Should().ContainSingle()
            .Which.Tags["error.type"].Should().Be("K1s0.EventStore.ConcurrencyException");
        recording.Of(PostgresTelemetry.Events).Should().BeEmpty();
    }

    [Fact]
    public async Task How_far_the_feed_is_held_back_is_measured_when_the_bound_is_asked_for()
    {
        await using var services = await ServicesAsync();
        using var recording = Record(services);
        var feed = services.GetRequiredKeyedService<IFeedReader>(Name(services));
        var store = services.GetRequiredKeyedService<PostgresEventStore>(Name(services));
        await store.AppendAsync([Some.Append(Some.Stream())]);
        await feed.GetSettledBoundAsync();
        await using (var caller = await Caller.BeginAsync(database.DataSource))
        {
            await store.AppendAsync([Some.Append(Some.Stream(), 5)], caller.Transaction);
            await feed.GetSettledBoundAsync();
        }

        var held = recording.Of(PostgresTelemetry.FeedHeldBack);

        // The number that the migration burnt counts as long as it is not on the disk.
        held.Should().HaveCount(2);
        held[0].Value.Should().BeInRange(0, 1);
        held[1].Value.Should().BeInRange(5, 6);
        held.Should().OnlyContain(measured => measured.Unit == "{position}");
    }

    [Fact]
    public async Task A_repeated_attempt_is_counted_by_reason_and_logged_once()
    {
        await using var source = NpgsqlDataSource.Create(database.With(
            connection => (connection.ApplicationName, connection.MaxPoolSize) = ("counted writer", 1)));
        var made = await TestStore.CreateAsync(source, database.NewSchemaName());
        using var log = new RecordedLog();
        var store = new PostgresEventStore(source, made.Options, loggerFactory: log);
        var stream = Some.Stream();
        await store.AppendAsync(stream, Some.Events(stream, 1), 0);
        await database.DataSource.ExecuteAsync(
            "select pg_terminate_backend(pid, 60000) from pg_stat_activity where application_name = 'counted writer'");
        using var recording = new Recording("no store: retries are counted for the process");

        await store.AppendAsync(stream, Some.Events(stream, 1), 1);

        recording.Of(PostgresTelemetry.AppendRetries).Should().Contain(measured =>
            measured.Unit == "{attempt}" && measured.Value == 1 && Equals(measured.Tags["reason"], "Unknown"));
        var entry = log.Entries.Should().ContainSingle().Subject;
        entry.Id.Id.Should().Be(1100);
        entry.Id.Name.Should().Be("AppendRepeated");
        entry.Level.Should().Be(Microsoft.Extensions.Logging.LogLevel.Warning);
        entry.Text.Should().Contain("1 of 3");
    }

    private static string Name(IServiceProvider services) => services.GetRequiredService<TestStore>().Name;

    private static Recording Record(IServiceProvider services) => new(Name(services));

    // A named store: the name is what its measurements carry.
    private async Task<ServiceProvider> ServicesAsync()
    {
        var store = await database.NewStoreAsync();
        var services = new ServiceCollection();
        services.AddSingleton(store);
        services.AddKeyedSingleton(store.Name, database.DataSource);
        services.AddEventStore().UsePostgres(store.Name, options => options.Schema = store.Name);
        return services.BuildServiceProvider();
    }
}
