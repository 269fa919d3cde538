using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Telemetry;

/// <summary>Neither payloads nor passwords reach a log or the text of an exception.</summary>
public sealed class SecrecyTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private const string Canary = "canary-7f3a";

    private static readonly string Secret = $$"""{"iban":"{{Canary}}"}""";

    [Fact]
    public async Task A_payload_stays_out_of_every_log_entry_and_exception_of_a_failing_append()
    {
        await using var source = NpgsqlDataSource.Create(database.With(
            connection => (connection.ApplicationName, connection.MaxPoolSize) = ("secret writer", 1)));
        var made = await TestStore.CreateAsync(source, database.NewSchemaName());
        using var log = new RecordedLog();
        var store = new PostgresEventStore(source, made.Options, loggerFactory: log);
        var stream = Some.Stream();
        var envelope = Some.Event(stream, Secret, metadata: new EventMetadata { Actor = Canary });
        await store.AppendAsync(stream, [envelope], 0);
        await database.DataSource.ExecuteAsync(
            "select pg_terminate_backend(pid, 60000) from pg_stat_activity where application_name = 'secret writer'");
        await store.AppendAsync(stream, [Some.Event(stream, Secret)], 1);

        var reused = await Assert.ThrowsAsync<EventIdReusedException>(
            () => store.AppendAsync(stream, [envelope with { EventType = "Other" }]));

        // A constraint that the row breaks: PostgreSQL would print the whole row as the detail.
        await made.ExecuteAsync("alter table {s}.events add constraint no_more check (version < 3)");
        Exception[] refusals =
        [
            reused,
            await Assert.ThrowsAsync<ConcurrencyException>(
                () => store.AppendAsync(stream, [Some.Event(stream, Secret)], 0)),
            await Assert.ThrowsAsync<StoreOperationException>(
                () => store.AppendAsync(stream, [Some.Event(stream, Secret)], 2)),
            await Assert.ThrowsAsync<InvalidEventException>(
                () => store.AppendAsync(stream, [Some.Event(stream, $"{Secret}}}")])),
        ];

        log.Entries.Should().NotBeEmpty("the ended session was logged");
        log.Text.Should().NotContain(Canary);
        refusals.Should().OnlyContain(refusal => !refusal.ToString().Contains(Canary, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Also_where_the_connection_asks_for_details_our_messages_have_none()
    {
        await using var talkative = NpgsqlDataSource.Create(
            database.With(connection => connection.IncludeErrorDetail = true));
        var made = await TestStore.CreateAsync(talkative, database.NewSchemaName());
        await made.ExecuteAsync("alter table {s}.events add constraint no_more check (version < 1)");
        var stream = Some.Stream();

        var envelope = Some.Event(stream, Secret, metadata: new EventMetadata { Actor = Canary });

        var refusal = await Assert.ThrowsAsync<StoreOperationException>(
            () => made.Store.AppendAsync(stream, [envelope], 0));

        refusal.Message.Should().Contain("no_more").And.NotContain(Canary);
    }

    [Theory]
    [InlineData("Host=/nonexistent;Username=app;Password=canary-7f3a;Database=x")]
    [InlineData("postgresql://app:canary-7f3a@localhost:1/x")]
    [InlineData("postgresql://app:canary-7f3a@localhost:1/x?nonsense=1")]
    [InlineData("postgresql://app:canary-7f3a@[broken/x")]
    [InlineData("Host=x;Password=canary-7f3a;Nonsense=1")]
    [InlineData("canary-7f3a")]
    public async Task A_password_stays_out_of_the_log_and_the_exception_of_a_start_that_fails(string connectionString)
    {
        using var log = new RecordedLog();
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton<ILoggerFactory>(log);
        builder.Services.AddEventStore().UsePostgres(options => options.ConnectionString = connectionString);
        using var host = builder.Build();

        var failure = await Assert.ThrowsAnyAsync<Exception>(() => host.StartAsync());

        failure.ToString().Should().NotContain(Canary);
        log.Text.Should().NotContain(Canary);
    }
}
