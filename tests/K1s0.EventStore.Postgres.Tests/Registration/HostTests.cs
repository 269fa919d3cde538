using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Registration;

/// <summary>
/// Registration through a real host. The test server runs without fsync, so the stores have to accept that.
/// </summary>
[Trait("Row", "K09")]
public sealed class HostTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact]
    public async Task By_code_the_schema_is_made_at_start_and_every_role_is_injected()
    {
        var schema = database.NewSchemaName();
        using var host = await StoreHost.StartAsync(services => services.AddEventStore().UsePostgres(options =>
        {
            options.ConnectionString = database.ConnectionString;
            options.Schema = schema;
            options.AllowUnsafeDurability = true;
        }));

        await EveryRoleWorksAsync(host.Services);

        (await database.DataSource.ScalarAsync<long>($"select count(*) from {schema}.events")).Should().Be(3);
        await host.StopAsync();
    }

    [Fact]
    [Trait("Row", "I16")]
    public async Task By_configuration_every_option_is_read()
    {
        var schema = database.NewSchemaName();
        var configuration = Configuration(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["Store:ConnectionString"] = database.ConnectionString,
            ["Store:Schema"] = schema,
            ["Store:PageSize"] = "17",
            ["Store:MonthsAhead"] = "2",
            ["Store:MaxRetries"] = "0",
            ["Store:HeadCacheSize"] = "5",
            ["Store:MaxWriters"] = "3",
            ["Store:MaxQueuedAppends"] = "70",
            ["Store:CommandTimeout"] = "00:00:07",
            ["Store:RetryDelay"] = "00:00:00.250",
            ["Store:MigrateOnStart"] = "true",
            ["Store:PrepareStatements"] = "False",
            ["Store:AllowUnsafeDurability"] = "true",
            ["Store:PublishBoundEvery"] = "00:10:00",
            ["Store:UseDoorbell"] = "false",
            ["Store:DoorbellConnectionString"] = "Host=direct",
        });
        using var host = await StoreHost.StartAsync(
            services => services.AddEventStore().UsePostgres(configuration.GetSection("Store")));

        await EveryRoleWorksAsync(host.Services);

        host.Services.GetRequiredService<IOptions<PostgresOptions>>().Value.Should().BeEquivalentTo(new PostgresOptions
        {
            ConnectionString = database.ConnectionString,
            Schema = schema,
            PageSize = 17,
            MonthsAhead = 2,
            MaxRetries = 0,
            HeadCacheSize = 5,
            MaxWriters = 3,
            MaxQueuedAppends = 70,
            CommandTimeout = TimeSpan.FromSeconds(7),
            RetryDelay = TimeSpan.FromMilliseconds(250),
            PrepareStatements = false,
            AllowUnsafeDurability = true,
            PublishBoundEvery = TimeSpan.FromMinutes(10),
            UseDoorbell = false,
            DoorbellConnectionString = "Host=direct",
        });
        typeof(PostgresOptions).GetProperties().Should().HaveCount(16, "an option that is new belongs into this test");
    }

    [Theory]
    [InlineData("PageSize", "many")]
    [InlineData("MonthsAhead", "1.5")]
    [InlineData("CommandTimeout", "soon")]
    [InlineData("MigrateOnStart", "yes please")]
    public async Task A_value_in_the_configuration_that_is_not_of_its_type_fails_the_start_and_is_named(
        string key, string value)
    {
        var configuration = Configuration(new Dictionary<string, string?>(StringComparer.Ordinal) { [key] = value });

        var failure = await StoreHost.FailsAsync<FormatException>(
            services => services.AddEventStore().UsePostgres(configuration));

        failure.Message.Should().Contain(key).And.Contain(value);
    }

    [Fact]
    public async Task What_is_configured_later_wins()
    {
        var schema = database.NewSchemaName();
        var configuration = Configuration(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["ConnectionString"] = database.ConnectionString,
            ["Schema"] = "not_used",
            ["AllowUnsafeDurability"] = "true",
        });
        using var host = await StoreHost.StartAsync(services => services.AddEventStore()
            .UsePostgres(configuration)
            .UsePostgres(options => options.Schema = schema));

        host.Services.GetRequiredService<IOptions<PostgresOptions>>().Value.Schema.Should().Be(schema);
        host.Services.GetServices<IHostedService>().Select(service => service.GetType())
            .Should().OnlyHaveUniqueItems("registering twice is harmless").And.HaveCount(2);
        (await database.DataSource.ScalarAsync<bool>("select to_regnamespace('not_used') is null")).Should().BeTrue();
    }

    [Fact]
    public async Task Without_logging_the_store_works()
    {
        var schema = database.NewSchemaName();
        var collection = new ServiceCollection();
        collection.AddEventStore().UsePostgres(options =>
        {
            options.ConnectionString = database.ConnectionString;
            options.Schema = schema;
            options.AllowUnsafeDurability = true;
        });
        await using var services = collection.BuildServiceProvider(
            new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
        var hosted = services.GetServices<IHostedService>().ToArray();

        foreach (var service in hosted)
        {
            await service.StartAsync(CancellationToken.None);
        }

        await EveryRoleWorksAsync(services);
        foreach (var service in hosted)
        {
            await service.StopAsync(CancellationToken.None);
        }

        (await database.DataSource.ScalarAsync<long>($"select count(*) from {schema}.events")).Should().Be(3);
    }

    [Fact]
    public async Task The_health_check_is_found_by_the_name_of_the_store()
    {
        using var host = await StoreHost.StartAsync(services =>
        {
            services.AddLogging();
            services.AddSingleton(database.DataSource);
            services.AddEventStore()
                .UsePostgres(Accepting(database.NewSchemaName()))
                .UsePostgres("billing", Accepting(database.NewSchemaName()));
            services.AddHealthChecks().AddEventStorePostgres(tags: ["ready"]).AddEventStorePostgres("billing");
        });

        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();

        report.Status.Should().Be(HealthStatus.Healthy);
        report.Entries.Keys.Should().BeEquivalentTo("event-store", "event-store-billing");
        report.Entries["event-store"].Tags.Should().Equal("ready");
    }

    [Fact]
    public async Task The_applications_data_source_is_used_and_not_disposed()
    {
        await using var own = NpgsqlDataSource.Create(
            database.With(connection => connection.ApplicationName = "own source"));
        var schema = database.NewSchemaName();
        using (var host = await StoreHost.StartAsync(services =>
        {
            services.AddSingleton(own);
            services.AddEventStore().UsePostgres(options =>
            {
                Accepting(schema)(options);
                options.ConnectionString = "Host=/nonexistent";
            });
        }))
        {
            await EveryRoleWorksAsync(host.Services);
            host.Services.GetRequiredService<PostgresEventStore>().Should().BeSameAs(
                host.Services.GetRequiredService<PostgresEventStore>());
            await host.StopAsync();
        }

        (await own.ScalarAsync<string>("select current_setting('application_name')")).Should().Be("own source");
        (await own.ScalarAsync<long>($"select count(*) from {schema}.events")).Should().Be(3);
    }

    [Fact]
    public async Task A_data_source_under_the_stores_name_goes_before_the_one_without()
    {
        await using var nowhere = NpgsqlDataSource.Create("Host=/nonexistent");
        using var host = await StoreHost.StartAsync(services =>
        {
            services.AddSingleton(nowhere);
            services.AddKeyedSingleton("billing", database.DataSource);
            services.AddEventStore().UsePostgres("billing", Accepting(database.NewSchemaName()));
        });
        var stream = Some.Stream();

        var store = host.Services.GetRequiredKeyedService<IEventStore>("billing");
        await store.AppendAsync(stream, Some.Events(stream, 1), 0);

        (await store.ExistsAsync(stream)).Should().BeTrue();
    }

    [Fact]
    public async Task The_data_source_that_the_store_made_ends_with_the_container()
    {
        var host = await StoreHost.StartAsync(services => services.AddEventStore().UsePostgres(options =>
        {
            Accepting(database.NewSchemaName())(options);
            options.ConnectionString = database.With(connection => connection.ApplicationName = "container's own");
        }));
        var store = host.Services.GetRequiredService<IEventStore>();
        await host.StopAsync();

        host.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => store.ExistsAsync(Some.Stream()));
        await Eventually.TrueAsync(() => database.DataSource.ScalarAsync<bool>(
            "select not exists (select from pg_stat_activity where application_name = 'container''s own')"));
    }

    private static IConfiguration Configuration(Dictionary<string, string?> values) =>
        new ConfigurationBuilder().AddInMemoryCollection(values).Build();

    private static async Task EveryRoleWorksAsync(IServiceProvider services)
    {
        var stream = Some.Stream();
        await services.GetRequiredService<IEventStore>().AppendAsync(stream, Some.Events(stream, 2), 0);
        await services.GetRequiredService<IEventAppender>().AppendAsync(
            stream, Some.Events(stream, 1), ExpectedVersion.StreamExists);
        (await services.GetRequiredService<IStreamReader>().GetHeadAsync(stream)).Version.Value.Should().Be(3);
        (await services.GetRequiredService<IFeedReader>().ReadFeedPageAsync(Position.Start)).Events
            .Should().HaveCount(3);
        await services.GetRequiredService<ISnapshotStore>().SaveAsync(stream, 3, "state");
        (await services.GetRequiredService<ICheckpointStore>().ClaimAsync("consumer", "owner")).Epoch.Should().Be(1);
        await services.GetRequiredService<PostgresSchema>().CheckAsync();
    }

    private static Action<PostgresOptions> Accepting(string schema) =>
        options => (options.Schema, options.AllowUnsafeDurability) = (schema, true);
}
