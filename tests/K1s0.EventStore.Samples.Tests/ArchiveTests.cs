using K1s0.EventStore.Samples.Archive;
using K1s0.EventStore.TestServers;
using Npgsql;

namespace K1s0.EventStore.Samples.Tests;

public sealed class ArchiveTests : IAsyncLifetime
{
    private TestDatabase _database = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _database = await SharedPostgres.CreateDatabaseAsync();

    public async ValueTask DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    [Trait("Row", "I19")]
    public async Task A_year_is_archived_read_verified_lost_and_rebuilt_and_nothing_is_left_behind()
    {
        var output = new StringWriter();

        var exitCode = await Archive.Walkthrough.RunAsync(
            _database.ConnectionString,
            new Arguments(null, null, null),
            new Archive.Screen(output, inColour: false),
            Cancellation);

        exitCode.Should().Be(Archive.Walkthrough.Held, output.ToString());
        output.ToString().Should().Contain("ok the feed has all 16,000 events, each once, in order")
            .And.Contain("caught one byte was changed: Damaged events/")
            .And.Contain("ok 4,000 chain heads are the same as before")
            .And.Contain("less than plain")
            .And.NotContain("\e[");
        await using var dataSource = NpgsqlDataSource.Create(_database.ConnectionString);
        await using var schemas = dataSource.CreateCommand(
            "select count(*) from pg_namespace where nspname like 'archive%'");
        (await schemas.ExecuteScalarAsync(Cancellation)).Should().Be(0L);
    }

    [Fact]
    public void Arguments_are_understood_or_refused()
    {
        Arguments.TryParse(["--s3", "http://127.0.0.1:9000", "events", "--postgres", "Host=x"])
            .Should().Be(new Arguments("Host=x", new Uri("http://127.0.0.1:9000"), "events"));
        Arguments.TryParse(["--postgres"]).Should().BeNull();
        Arguments.TryParse(["--s3", "nowhere", "events"]).Should().BeNull();
    }
}
