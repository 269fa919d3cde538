using System.Text.RegularExpressions;
using K1s0.EventStore.TestServers;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Schema;

/// <summary>
/// The SQL that people run by hand makes what the library makes. The server is of our own, for its psql.
/// </summary>
[Trait("Row", "I01")]
public sealed partial class PrintedSqlTests : IAsyncLifetime
{
    private const string Schema = "orders \u00e9v\u00e9nements";

    private static readonly PostgresOptions Options = new() { Schema = Schema };

    private PostgresServer? _server;

    private PostgresServer Server => _server!;

    public async ValueTask InitializeAsync() => _server = await PostgresServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    [Fact]
    public async Task The_printed_sql_run_by_psql_makes_the_same_catalog_as_a_migration()
    {
        var migrated = await MigratedCatalogAsync();
        await using var printed = NpgsqlDataSource.Create(await Server.CreateDatabaseAsync("printed"));

        await PsqlAsync("printed", new PostgresSchema(printed, Options).GetSql());

        Catalog.MustEqual(await Catalog.ReadAsync(printed, Schema), migrated);
        await new PostgresSchema(printed, Options).CheckAsync();
        await AppendsAsync(printed);
    }

    [Fact]
    public async Task Migrating_step_by_step_makes_the_same_catalog_as_all_at_once()
    {
        var migrated = await MigratedCatalogAsync();
        await using var stepwise = NpgsqlDataSource.Create(await Server.CreateDatabaseAsync("stepwise"));
        var steps = StepStart().Split(new PostgresSchema(stepwise, Options).GetSql());
        steps.Should().HaveCount(PostgresSchema.SupportedVersion + 1, "the first one makes the schema");

        for (var version = 0; version < steps.Length; version++)
        {
            await PsqlAsync("stepwise", steps[version]);
            if (version > 0)
            {
                (await stepwise.ScalarAsync<int>($"select schema_version from \"{Schema}\".store"))
                    .Should().Be(version);
            }
        }

        Catalog.MustEqual(await Catalog.ReadAsync(stepwise, Schema), migrated);
        await AppendsAsync(stepwise);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task A_schema_of_an_older_version_is_migrated_to_the_same_catalog_as_a_fresh_one(int version)
    {
        var migrated = await MigratedCatalogAsync();
        await using var older = NpgsqlDataSource.Create(await Server.CreateDatabaseAsync("older"));
        var steps = StepStart().Split(new PostgresSchema(older, Options).GetSql());
        await PsqlAsync("older", string.Concat(steps.Take(version + 1)));

        await new PostgresSchema(older, Options).MigrateAsync();

        Catalog.MustEqual(await Catalog.ReadAsync(older, Schema), migrated);
        await AppendsAsync(older);
    }

    [GeneratedRegex(@"^(?=-- \d{4}_)", RegexOptions.Multiline, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex StepStart();

    private static async Task AppendsAsync(NpgsqlDataSource dataSource)
    {
        var stream = Some.Stream();
        var store = new PostgresEventStore(dataSource, Options);
        await store.AppendAsync(stream, Some.Events(stream, 2), 0);
        (await store.LoadAsync(stream)).Should().HaveCount(2);
    }

    private async Task<IReadOnlyList<string>> MigratedCatalogAsync()
    {
        await using var migrated = NpgsqlDataSource.Create(await Server.CreateDatabaseAsync("migrated"));
        await new PostgresSchema(migrated, Options).MigrateAsync();
        var catalog = await Catalog.ReadAsync(migrated, Schema);
        catalog.Should().Contain(line => line.StartsWith("function", StringComparison.Ordinal));
        return catalog;
    }

    private Task<string> PsqlAsync(string database, string sql) =>
        Server.RunToolAsync("psql", ["-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-d", database], sql);
}
