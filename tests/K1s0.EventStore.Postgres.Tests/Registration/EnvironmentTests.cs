using K1s0.EventStore.TestServers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Registration;

[Collection(nameof(AloneInTheProcess))]
[Trait("Row", "I16")]
public sealed class EnvironmentTests : IDisposable
{
    private static readonly string[] Names =
        [PostgresEnvironment.DatabaseUrl, PostgresEnvironment.Schema, PostgresEnvironment.BatchSize];

    private readonly Dictionary<string, string?> _before =
        Names.ToDictionary(name => name, Environment.GetEnvironmentVariable, StringComparer.Ordinal);

    public EnvironmentTests() => Set(null, null, null);

    public void Dispose()
    {
        foreach (var (name, value) in _before)
        {
            Environment.SetEnvironmentVariable(name, value);
        }
    }

    [Fact]
    public void The_names_are_those_of_the_infrastructure_document() =>
        Names.Should().Equal("DATABASE_URL", "EVENT_STORE_SCHEMA", "EVENT_STORE_BATCH_SIZE");

    [Fact]
    public async Task A_host_works_with_nothing_but_the_environment()
    {
        await using var server = await PostgresServer.StartAsync(
            new PostgresServerOptions { Fsync = true, ListenOnTcp = true });
        await using var source = NpgsqlDataSource.Create(await server.CreateDatabaseAsync("orders & more"));
        await source.ExecuteAsync("create role \"app@home\" login superuser password 'p@ss:w/rd?&#%'");
        Set(
            $"postgresql://app%40home:p%40ss%3Aw%2Frd%3F%26%23%25@127.0.0.1:{server.Port}/orders%20%26%20more"
            + "?application_name=by%20url&sslmode=disable&connect_timeout=7",
            "from environment",
            "33");

        using var host = await StoreHost.StartAsync(services => services.AddEventStore().UsePostgres());

        var stream = Some.Stream();
        await host.Services.GetRequiredService<IEventStore>().AppendAsync(stream, Some.Events(stream, 2), 0);
        host.Services.GetRequiredService<IOptions<PostgresOptions>>().Value.PageSize.Should().Be(33);
        (await source.ScalarAsync<long>("select count(*) from \"from environment\".events")).Should().Be(2);
        (await source.ColumnAsync<string>(
                """
                select distinct usename::text || ' ' || application_name from pg_stat_activity
                where application_name = 'by url'
                """))
            .Should().Equal("app@home by url");
    }

    [Fact]
    public void Configuration_and_code_win_over_the_environment_and_empty_variables_do_not_count()
    {
        Set("Host=environment", "environment", string.Empty);
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(
                new Dictionary<string, string?>(StringComparer.Ordinal) { ["Schema"] = "configuration" })
            .Build();

        var byCode = OptionsOf(services => services.AddEventStore().UsePostgres(options => options.Schema = "code"));
        var byConfiguration = OptionsOf(services => services.AddEventStore().UsePostgres(configuration));
        var byEnvironment = OptionsOf(services => services.AddEventStore().UsePostgres());

        (byCode.Schema, byCode.ConnectionString, byCode.PageSize).Should().Be(("code", "Host=environment", 1_000));
        (byConfiguration.Schema, byConfiguration.ConnectionString).Should().Be(("configuration", "Host=environment"));
        byEnvironment.Schema.Should().Be("environment");
    }

    [Theory]
    [InlineData("EVENT_STORE_BATCH_SIZE", "many", typeof(FormatException))]
    [InlineData("EVENT_STORE_BATCH_SIZE", "-1", typeof(FormatException))]
    [InlineData("EVENT_STORE_BATCH_SIZE", "0", typeof(OptionsValidationException))]
    [InlineData("EVENT_STORE_BATCH_SIZE", "10001", typeof(OptionsValidationException))]
    [InlineData("EVENT_STORE_SCHEMA", "pg_mine", typeof(OptionsValidationException))]
    [InlineData("DATABASE_URL", "postgresql://user:secret@[broken/db", typeof(OptionsValidationException))]
    [InlineData("DATABASE_URL", "nonsense", typeof(OptionsValidationException))]
    public async Task A_bad_variable_fails_the_start(string name, string value, Type expected)
    {
        Set("Host=/nonexistent", null, null);
        Environment.SetEnvironmentVariable(name, value);
        using var host = StoreHost.Build(services => services.AddEventStore().UsePostgres());

        var failure = await Assert.ThrowsAnyAsync<Exception>(() => host.StartAsync());

        failure.Should().BeOfType(expected);
        failure.ToString().Should().NotContain("secret");
    }

    private static void Set(string? url, string? schema, string? batchSize)
    {
        Environment.SetEnvironmentVariable(PostgresEnvironment.DatabaseUrl, url);
        Environment.SetEnvironmentVariable(PostgresEnvironment.Schema, schema);
        Environment.SetEnvironmentVariable(PostgresEnvironment.BatchSize, batchSize);
    }

    private static PostgresOptions OptionsOf(Action<IServiceCollection> register)
    {
        var services = new ServiceCollection();
        register(services);
        using var provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptions<PostgresOptions>>().Value;
    }
}
