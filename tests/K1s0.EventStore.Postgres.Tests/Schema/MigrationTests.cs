using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Schema;

[Trait("Row", "I01")]
public sealed class MigrationTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private const int Processes = 8;

    [Fact]
    [Trait("Row", "I15")]
    public async Task An_empty_database_gets_all_tables_and_the_supported_version()
    {
        var store = await database.NewStoreAsync();

        (await store.ScalarAsync<int>("select schema_version from {s}.store"))
            .Should().Be(PostgresSchema.SupportedVersion);
        (await store.ColumnAsync<string>(
                $"select tablename from pg_tables where schemaname = '{store.Name}' and tablename !~ 'events_.'"))
            .Should().BeEquivalentTo(
                "store", "streams", "events", "event_ids", "snapshots", "subscriptions", "access_log", "leases",
                "tiles", "leaf_runs", "tree_heads", "parked_events", "batches", "batch_months", "batch_replacements", "archived_streams",
                "archive_manifests", "archive_holds", "imports");
    }

    [Fact]
    public async Task Eight_processes_that_start_at_once_make_one_schema()
    {
        var options = new PostgresOptions { Schema = database.NewSchemaName() };
        var sources = Enumerable.Range(0, Processes)
            .Select(_ => NpgsqlDataSource.Create(database.ConnectionString)).ToArray();

        await Task.WhenAll(sources.Select(source => new PostgresSchema(source, options).MigrateAsync()));

        var versions = await Task.WhenAll(
            sources.Select(source => source.ScalarAsync<int>($"select schema_version from {options.Schema}.store")));
        versions.Should().AllBeEquivalentTo(PostgresSchema.SupportedVersion);
        foreach (var source in sources)
        {
            var stream = Some.Stream();
            var result = await new PostgresEventStore(source, options).AppendAsync(stream, Some.Events(stream, 2), 0);
            result.Version.Value.Should().Be(2);
            await source.DisposeAsync();
        }
    }

    [Fact]
    public async Task Migrating_a_store_again_keeps_its_catalog_its_identity_and_its_events()
    {
        var store = await database.NewStoreAsync();
        var stream = Some.Stream();
        await store.Store.AppendAsync(stream, Some.Events(stream, 3), 0);
        var (catalog, content) = (await Catalog.ReadAsync(database.DataSource, store.Name), await store.ContentAsync());

        await store.Schema.MigrateAsync();
        await store.Reopen().Schema.MigrateAsync();

        Catalog.MustEqual(await Catalog.ReadAsync(database.DataSource, store.Name), catalog);
        (await store.ContentAsync()).Should().Be(content);
    }

    [Fact]
    public async Task A_newer_schema_is_refused_and_stays_as_it_is()
    {
        var store = await database.NewStoreAsync();
        var newer = PostgresSchema.SupportedVersion + 1;
        await store.ExecuteAsync($"update {{s}}.store set schema_version = {newer}");
        var (catalog, content) = (await Catalog.ReadAsync(database.DataSource, store.Name), await store.ContentAsync());

        foreach (var action in new[] { store.Schema.MigrateAsync(), store.Schema.CheckAsync() })
        {
            var refusal = await Assert.ThrowsAsync<StoreSchemaException>(() => action);
            refusal.FoundVersion.Should().Be(newer);
            refusal.SupportedVersion.Should().Be(PostgresSchema.SupportedVersion);
            refusal.IsTransient.Should().BeFalse();
            refusal.Message.Should().Contain("newer than this library");
        }

        Catalog.MustEqual(await Catalog.ReadAsync(database.DataSource, store.Name), catalog);
        (await store.ContentAsync()).Should().Be(content);
    }

    [Fact]
    public async Task An_older_schema_fails_the_check_and_the_message_says_to_migrate()
    {
        var store = await database.NewStoreAsync();
        await store.ExecuteAsync("update {s}.store set schema_version = 1");

        var refusal = await Assert.ThrowsAsync<StoreSchemaException>(() => store.Schema.CheckAsync());

        refusal.FoundVersion.Should().Be(1);
        refusal.SupportedVersion.Should().Be(PostgresSchema.SupportedVersion);
        refusal.Message.Should().Contain("older than this library").And.Contain("MigrateAsync");
    }

    [Fact]
    public async Task A_migration_that_fails_half_way_leaves_nothing()
    {
        var schema = database.NewSchemaName();
        await database.DataSource.ExecuteAsync($"create schema {schema}; create table {schema}.access_log (mine int)");
        var before = await Catalog.ReadAsync(database.DataSource, schema);

        var refusal = await Assert.ThrowsAsync<StoreOperationException>(
            () => new PostgresSchema(database.DataSource, new PostgresOptions { Schema = schema }).MigrateAsync());

        refusal.InnerException.Should().BeOfType<PostgresException>()
            .Which.SqlState.Should().Be(PostgresErrorCodes.DuplicateTable);
        Catalog.MustEqual(await Catalog.ReadAsync(database.DataSource, schema), before);
    }

    [Fact]
    public async Task Snapshots_in_use_are_not_waited_for_without_an_end_and_keep_no_frame_that_nothing_reads()
    {
        var options = new PostgresOptions { Schema = database.NewSchemaName() };
        var sql = new SqlCatalog(new SchemaName(options.Schema));
        await database.DataSource.ExecuteAsync(string.Join(
            ";\n", [sql["create_schema"], .. sql.Migrations.Take(9).Select(migration => migration.Sql)]));
        await database.DataSource.ExecuteAsync(
            $$"""
            update {{options.Schema}}.store set schema_version = 9;
            insert into {{options.Schema}}.snapshots (stream_type, stream_id, version, state, taken_at) values
              ('order', 'named', 3, '\xff0100', now()), ('order', 'nameless', 3, '{}', now())
            """);
        var schema = new PostgresSchema(database.DataSource, options);
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await using (var reader = await connection.BeginTransactionAsync())
        {
            await connection.ExecuteAsync($"select from {options.Schema}.snapshots");

            var refusal = await Assert.ThrowsAsync<StoreUnavailableException>(() => schema.MigrateAsync());

            refusal.IsTransient.Should().BeTrue();
            (await schema.ReadVersionAsync(null, CancellationToken.None)).Should().Be(9);
        }

        await schema.MigrateAsync();

        (await database.DataSource.ColumnAsync<string>(
            $"select stream_id || state_name from {options.Schema}.snapshots")).Should().Equal("nameless");
    }

    [Fact]
    public async Task Without_the_right_to_create_the_migration_is_refused_with_a_typed_error()
    {
        await using var role = await TestRole.CreateAsync(database);
        var schema = database.NewSchemaName();

        var refusal = await Assert.ThrowsAsync<StoreOperationException>(
            () => new PostgresSchema(role.DataSource, new PostgresOptions { Schema = schema }).MigrateAsync());

        refusal.IsTransient.Should().BeFalse();
        refusal.Message.Should().Contain("denies the right").And.Contain("create");
        (await database.DataSource.ScalarAsync<bool>(
            $"select exists (select from pg_namespace where nspname = '{schema}')"))
            .Should().BeFalse();
    }

    [Fact]
    public async Task A_role_that_may_only_append_and_read_migrates_a_schema_that_is_up_to_date()
    {
        var store = await database.NewStoreAsync();
        await using var role = await TestRole.CreateAsync(database);
        await store.ExecuteAsync($"select {{s}}.grant_writer('{role.Name}')");
        var (catalog, content) = (await Catalog.ReadAsync(database.DataSource, store.Name), await store.ContentAsync());

        await store.Reopen(role.DataSource).Schema.MigrateAsync();

        Catalog.MustEqual(await Catalog.ReadAsync(database.DataSource, store.Name), catalog);
        (await store.ContentAsync()).Should().Be(content);
    }

    [Fact]
    public async Task A_migration_that_is_cancelled_while_it_waits_for_another_leaves_nothing()
    {
        var schema = database.NewSchemaName();
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await connection.ExecuteAsync(
            $"select pg_advisory_xact_lock(hashtextextended('k1s0 event store schema {schema}', 0))");
        using var giveUp = new CancellationTokenSource();
        var migration = new PostgresSchema(database.DataSource, new PostgresOptions { Schema = schema })
            .MigrateAsync(giveUp.Token);
        await Eventually.TrueAsync(async () => await database.DataSource.ScalarAsync<bool>(
            """
            select exists (select from pg_locks where locktype = 'advisory' and not granted
              and database = (select oid from pg_database where datname = current_database()))
            """));

        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => migration);
        (await database.DataSource.ScalarAsync<bool>(
            $"select exists (select from pg_namespace where nspname = '{schema}')"))
            .Should().BeFalse();
    }
}
