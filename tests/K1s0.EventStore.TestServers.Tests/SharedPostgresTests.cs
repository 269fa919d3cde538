namespace K1s0.EventStore.TestServers.Tests;

public sealed class SharedPostgresTests
{
    [Fact]
    public async Task Databases_asked_for_at_once_are_fresh_distinct_and_on_one_server()
    {
        var databases = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => SharedPostgres.CreateDatabaseAsync()));

        foreach (var database in databases)
        {
            await Sql.ExecuteAsync(database.ConnectionString, "CREATE TABLE same_name (id int)");
        }

        var servers = await Task.WhenAll(databases.Select(database => Sql.ScalarAsync<DateTime>(
            database.ConnectionString, "SELECT pg_postmaster_start_time()")));
        servers.Distinct().Should().ContainSingle();
        databases.Select(database => database.Name).Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public async Task A_disposed_database_is_gone_even_when_somebody_is_connected()
    {
        var database = await SharedPostgres.CreateDatabaseAsync();
        await using var connected = await Sql.OpenAsync(database.ConnectionString);

        await database.DisposeAsync();

        var server = await SharedPostgres.ConnectionStringAsync();
        (await Sql.ScalarAsync<long>(server, $"SELECT count(*) FROM pg_database WHERE datname = '{database.Name}'"))
            .Should().Be(0);
    }
}
