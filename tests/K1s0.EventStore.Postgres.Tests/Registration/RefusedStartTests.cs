using K1s0.EventStore.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Registration;

/// <summary>A host that could not work does not start, says why, and has changed nothing.</summary>
[Trait("Row", "K09")]
public sealed class RefusedStartTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private static readonly Dictionary<string, Action<PostgresOptions>> BadOptions = new(StringComparer.Ordinal)
    {
        ["Schema: The schema name is empty"] = options => options.Schema = string.Empty,
        ["Schema: The schema name has one of the characters"] = options => options.Schema = "a\"b",
        ["Schema: A schema name that begins with \"pg_\""] = options => options.Schema = "pg_mine",
        ["Schema: The schema name has 64 bytes"] = options => options.Schema = new string('x', 64),
        ["PageSize"] = options => options.PageSize = 0,
        ["PageSize must be between"] = options => options.PageSize = FeedPage.MaxEvents + 1,
        ["MonthsAhead"] = options => options.MonthsAhead = 0,
        ["MaxRetries"] = options => options.MaxRetries = 11,
        ["HeadCacheSize"] = options => options.HeadCacheSize = -1,
        ["CommandTimeout: 00:00:00.5"] = options => options.CommandTimeout = TimeSpan.FromMilliseconds(500),
        ["RetryDelay: 00:00:00"] = options => options.RetryDelay = TimeSpan.Zero,
        ["PublishBoundEvery: 00:00:00.001"] = options => options.PublishBoundEvery = TimeSpan.FromMilliseconds(1),
        ["ConnectionString: it is neither"] = options => options.ConnectionString = "Host=x;Nonsense=1",
        ["ConnectionString: it is neither keywords"] = options => options.ConnectionString = "Host=x;Port=99999999999",
    };

    public static TheoryData<string> Faults => new(BadOptions.Keys);

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task An_option_out_of_its_range_fails_the_start_and_is_named(string fault)
    {
        var schemas = await SchemasAsync();

        var failure = await StoreHost.FailsAsync<OptionsValidationException>(services => services.AddEventStore()
            .UsePostgres(options =>
            {
                options.ConnectionString = database.ConnectionString;
                options.AllowUnsafeDurability = true;
                BadOptions[fault](options);
            }));

        failure.Message.Should().Contain(fault);
        (await SchemasAsync()).Should().Equal(schemas);
    }

    [Fact]
    public async Task A_limit_of_the_store_out_of_its_range_fails_the_start()
    {
        var schemas = await SchemasAsync();

        var failure = await StoreHost.FailsAsync<OptionsValidationException>(services =>
        {
            services.AddSingleton(database.DataSource);
            services.AddEventStore(options => options.MaxEventsPerAppend = 0)
                .UsePostgres(Accepting(database.NewSchemaName()));
        });

        failure.Message.Should().Contain("MaxEventsPerAppend");
        (await SchemasAsync()).Should().Equal(schemas);
    }

    [Fact]
    public async Task Without_any_connection_the_start_fails_and_names_the_ways_to_give_one()
    {
        var failure = await StoreHost.FailsAsync<OptionsValidationException>(
            services => services.AddEventStore().UsePostgres(options => options.ConnectionString = null));

        failure.Message
            .Should().Contain("NpgsqlDataSource").And.Contain("ConnectionString").And.Contain("DATABASE_URL");
    }

    [Fact]
    public async Task A_dead_database_fails_the_start_and_the_message_says_what_to_check()
    {
        var failure = await StoreHost.FailsAsync<StoreUnavailableException>(services => services.AddEventStore()
            .UsePostgres(options => options.ConnectionString = "Host=/nonexistent;Username=app;Password=secret"));

        failure.Message.Should().Contain("Check that the server runs").And.NotContain("secret");
    }

    [Fact]
    public async Task With_MigrateOnStart_off_an_empty_database_fails_the_start_and_stays_empty()
    {
        var schema = database.NewSchemaName();
        var schemas = await SchemasAsync();

        var failure = await StoreHost.FailsAsync<StoreSchemaException>(
            services => Register(services, schema, migrate: false));

        failure.FoundVersion.Should().Be(0);
        failure.Message.Should().Contain("MigrateAsync");
        (await SchemasAsync()).Should().Equal(schemas);
    }

    [Fact]
    public async Task With_MigrateOnStart_off_a_migrated_database_is_used()
    {
        var store = await database.NewStoreAsync();
        using var host = await StoreHost.StartAsync(services => Register(services, store.Name, migrate: false));
        var stream = Some.Stream();

        await host.Services.GetRequiredService<IEventStore>().AppendAsync(stream, Some.Events(stream, 1), 0);

        (await store.Store.ExistsAsync(stream)).Should().BeTrue();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_newer_schema_fails_the_start_and_stays_as_it_is(bool migrate)
    {
        var store = await database.NewStoreAsync();
        await store.ExecuteAsync("update {s}.store set schema_version = 99");
        var before = await store.ContentAsync();

        var failure = await StoreHost.FailsAsync<StoreSchemaException>(
            services => Register(services, store.Name, migrate));

        (failure.FoundVersion, failure.SupportedVersion).Should().Be((99, PostgresSchema.SupportedVersion));
        (await store.ContentAsync()).Should().Be(before);
    }

    [Fact]
    public async Task A_role_that_may_only_append_starts_on_a_schema_that_is_up_to_date()
    {
        var store = await database.NewStoreAsync();
        await using var role = await TestRole.CreateAsync(database);
        await store.ExecuteAsync($"select {{s}}.grant_writer('{role.Name}')");
        using var host = await StoreHost.StartAsync(services =>
        {
            services.AddSingleton(role.DataSource);
            services.AddEventStore().UsePostgres(Accepting(store.Name));
        });
        var stream = Some.Stream();

        await host.Services.GetRequiredService<IEventStore>().AppendAsync(stream, Some.Events(stream, 1), 0);

        (await store.Store.ExistsAsync(stream)).Should().BeTrue();
    }

    [Fact]
    public async Task A_server_that_may_lose_what_it_confirms_is_refused_unless_that_is_accepted()
    {
        await using var server = await PostgresServer.StartAsync(new PostgresServerOptions { Fsync = false });
        await using var source = NpgsqlDataSource.Create(server.ConnectionString());

        var failure = await StoreHost.FailsAsync<StoreDurabilityException>(services =>
        {
            services.AddSingleton(source);
            services.AddEventStore().UsePostgres();
        });

        failure.Message.Should().Contain("fsync=off").And.Contain("AllowUnsafeDurability");
        (await source.ScalarAsync<bool>("select to_regnamespace('event_store') is null")).Should().BeTrue();
        using var host = await StoreHost.StartAsync(services =>
        {
            services.AddSingleton(source);
            services.AddEventStore().UsePostgres(options => options.AllowUnsafeDurability = true);
        });
        (await source.ScalarAsync<bool>("select to_regnamespace('event_store') is null")).Should().BeFalse();
    }

    [Fact]
    public async Task A_durable_server_is_accepted_and_sessions_that_do_not_wait_for_the_disk_are_refused()
    {
        await using var server = await PostgresServer.StartAsync(new PostgresServerOptions { Fsync = true });
        await using var hasty = NpgsqlDataSource.Create(
            $"{server.ConnectionString()};Options=-c synchronous_commit=off");
        await using var source = NpgsqlDataSource.Create(server.ConnectionString());

        var failure = await StoreHost.FailsAsync<StoreDurabilityException>(services =>
        {
            services.AddSingleton(hasty);
            services.AddEventStore().UsePostgres();
        });
        using var host = await StoreHost.StartAsync(services =>
        {
            services.AddSingleton(source);
            services.AddEventStore().UsePostgres();
        });

        failure.Message.Should().Contain("synchronous_commit=off");
        var stream = Some.Stream();
        await host.Services.GetRequiredService<IEventStore>().AppendAsync(stream, Some.Events(stream, 1), 0);
        (await host.Services.GetRequiredService<IEventStore>().ExistsAsync(stream)).Should().BeTrue();
    }

    [Fact]
    public async Task Sessions_whose_statements_would_overlook_what_was_committed_meanwhile_are_refused()
    {
        var store = await database.NewStoreAsync();
        await using var serializable = NpgsqlDataSource.Create(database.With(
            connection => connection.Options = "-c default_transaction_isolation=serializable"));

        var failure = await StoreHost.FailsAsync<StoreDurabilityException>(services =>
        {
            services.AddSingleton(serializable);
            services.AddEventStore().UsePostgres(Accepting(store.Name));
        });

        failure.Message.Should().Contain("default_transaction_isolation='serializable'");
    }

    private static Action<PostgresOptions> Accepting(string schema) =>
        options => (options.Schema, options.AllowUnsafeDurability) = (schema, true);

    private void Register(IServiceCollection services, string schema, bool migrate)
    {
        services.AddSingleton(database.DataSource);
        services.AddEventStore().UsePostgres(options =>
        {
            Accepting(schema)(options);
            options.MigrateOnStart = migrate;
        });
    }

    private Task<IReadOnlyList<string>> SchemasAsync() =>
        database.DataSource.ColumnAsync<string>(
            "select nspname::text from pg_namespace where nspname !~ '^pg_' order by 1");
}
