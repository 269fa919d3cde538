using System.Diagnostics;
using K1s0.EventStore.Postgres.Telemetry;
using K1s0.EventStore.Postgres.Tests.Transactions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
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
            PostgresTelemetry.AppendRetries, PostgresTelemetry.FeedHeldBack, PostgresTelemetry.FeedHolderAge,
            PostgresTelemetry.AppendOperation, PostgresTelemetry.LoadOperation, PostgresTelemetry.ReadFeedOperation,
        }.Should().Equal(
            "K1s0.EventStore.Postgres", "k1s0.eventstore.operation.duration", "k1s0.eventstore.events",
            "k1s0.eventstore.append.retries", "k1s0.eventstore.feed.held_back", "k1s0.eventstore.feed.holder.age",
            "eventstore append", "eventstore load", "eventstore read_feed");
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
    public async Task A_repeated_append_counts_no_events()
    {
        await using var services = await ServicesAsync();
        using var recording = Record(services);
        var appender = services.GetRequiredKeyedService<IEventAppender>(Name(services));
        StreamAppend[] appends = [Some.Append(Some.Stream(), 2), Some.Append(Some.Stream())];
        var single = Some.Append(Some.Stream(), 4);

        for (var attempt = 0; attempt < 2; attempt++)
        {
            await appender.AppendAsync(appends);
            await appender.AppendAsync(single.StreamId, single.Events, single.Expected);
        }

        recording.Of(PostgresTelemetry.Events).Select(measured => measured.Value).Should().Equal(3, 4, 0, 0);
        recording.Activities.Select(activity => (long)activity.GetTagItem("events")!).Should().Equal(3, 4, 0, 0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_holds_the_feed_back_is_measured_after_a_page_and_after_a_question(bool readsPage)
    {
        await using var services = await ServicesAsync();
        using var recording = Record(services);
        var feed = services.GetRequiredKeyedService<IFeedReader>(Name(services));
        var store = services.GetRequiredKeyedService<PostgresEventStore>(Name(services));
        await store.AppendAsync([Some.Append(Some.Stream())]);
        recording.Observe();
        await AskAsync();
        recording.Observe();
        await using var slow = NpgsqlDataSource.Create(
            database.With(connection => connection.ApplicationName = "slow billing"));
        int pid;
        await using (var caller = await Caller.BeginAsync(slow))
        {
            pid = caller.Connection.ProcessID;
            await store.AppendAsync([Some.Append(Some.Stream(), 5)], caller.Transaction);
            await AskAsync();
            recording.Observe();
        }

        await AskAsync();
        recording.Observe();

        // The number that the migration burnt counts as long as it is not on the disk, and so do those that were rolled
        // back.
        var held = recording.Of(PostgresTelemetry.FeedHeldBack);
        held.Should().HaveCount(3, "before the first question there is nothing to show");
        held[0].Value.Should().BeInRange(0, 1);
        held[1].Value.Should().BeInRange(5, 6);
        held[2].Value.Should().BeInRange(0, 5);
        held.Should().OnlyContain(measured => measured.Unit == "{position}");
        var holder = recording.Of(PostgresTelemetry.FeedHolderAge).Should().ContainSingle().Subject;
        holder.Unit.Should().Be("s");
        holder.Value.Should().BePositive();
        holder.Tags.Should().BeEquivalentTo(new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["store"] = Name(services),
            ["pid"] = pid,
            ["application"] = "slow billing",
        });

        Task AskAsync() => readsPage ? feed.ReadFeedPageAsync(Position.Start) : feed.GetSettledBoundAsync();
    }

    [Fact]
    public async Task The_feed_of_a_container_that_is_gone_is_not_measured_any_more()
    {
        Recording recording;
        await using (var services = await ServicesAsync())
        {
            recording = Record(services);
            await services.GetRequiredKeyedService<IFeedReader>(Name(services)).GetSettledBoundAsync();
        }

        using (recording)
        {
            recording.Observe();
            recording.Of(PostgresTelemetry.FeedHeldBack).Should().BeEmpty();
        }
    }

    [Fact]
    public async Task A_repeated_attempt_is_counted_by_reason_and_store_and_logged_once()
    {
        await using var source = NpgsqlDataSource.Create(database.With(
            connection => (connection.ApplicationName, connection.MaxPoolSize) = ("counted writer", 1)));
        var made = await TestStore.CreateAsync(source, database.NewSchemaName());
        using var log = new RecordedLog();
        var services = new ServiceCollection();
        services.AddSingleton<ILoggerFactory>(log);
        services.AddKeyedSingleton(made.Name, source);
        services.AddEventStore().UsePostgres(made.Name, options => options.Schema = made.Name);
        await using var provider = services.BuildServiceProvider();
        var store = provider.GetRequiredKeyedService<IEventStore>(made.Name);
        var stream = Some.Stream();
        await store.AppendAsync(stream, Some.Events(stream, 1), 0);
        await database.DataSource.ExecuteAsync(
            "select pg_terminate_backend(pid, 60000) from pg_stat_activity where application_name = 'counted writer'");
        using var recording = new Recording(made.Name);

        await store.AppendAsync(stream, Some.Events(stream, 1), 1);

        var retry = recording.Of(PostgresTelemetry.AppendRetries).Should().ContainSingle().Subject;
        (retry.Unit, retry.Value).Should().Be(("{attempt}", 1));
        retry.Tags.Should().BeEquivalentTo(new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["reason"] = "Unknown",
            ["store"] = made.Name,
        });
        var entry = log.Entries.Should().ContainSingle().Subject;
        entry.Id.Id.Should().Be(1100);
        entry.Id.Name.Should().Be("AppendRepeated");
        entry.Level.Should().Be(LogLevel.Warning);
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
