namespace K1s0.EventStore.Sqlite.Tests.Schema;

public sealed class MigrationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Path => _folder.File("store.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_new_file_bears_our_mark_and_the_newest_version_in_wal_mode()
    {
        await using (var store = new TestStore(Path))
        {
            await store.File.OpenAsync();
        }

        using var foreign = new Foreign(Path);
        foreign.Scalar<long>("pragma user_version").Should().Be(SqliteStoreFile.SupportedVersion);
        foreign.Scalar<long>("pragma application_id").Should().Be(0x4B317330);
        foreign.Scalar<string>("pragma journal_mode").Should().Be("wal");
        foreign.Scalar<string>("pragma integrity_check").Should().Be("ok");
    }

    [Fact]
    public async Task Opening_again_changes_nothing()
    {
        StoreIdentity identity;
        await using (var store = new TestStore(Path))
        {
            identity = await store.Store.GetIdentityAsync();
        }

        var before = await File.ReadAllBytesAsync(Path);
        await using (var store = new TestStore(Path))
        {
            (await store.Store.GetIdentityAsync()).Should().Be(identity);
        }

        (await File.ReadAllBytesAsync(Path)).Should().Equal(before);
    }

    [Fact]
    public async Task Every_older_version_is_migrated_to_what_a_new_file_has_and_keeps_its_identity()
    {
        var fresh = await SchemaOfAsync(Path);
        for (var version = 1; version < SqliteStoreFile.SupportedVersion; version++)
        {
            var path = _folder.File($"version{version}.db");
            var id = Guid.CreateVersion7();
            using (var foreign = new Foreign(path))
            {
                foreach (var migration in SqlCatalog.Migrations.Take(version))
                {
                    foreign.Execute(migration);
                }

                foreign.Execute(
                    "insert into store (only_row, store_id, epoch, created_at) "
                    + $"values (1, x'{Convert.ToHexString(id.ToByteArray(bigEndian: true))}', 3, 0)");
            }

            (await SchemaOfAsync(path)).Should().Equal(fresh);
            await using var store = new TestStore(path);
            (await store.Store.GetIdentityAsync()).Should().Be(new StoreIdentity(id, 3));
        }
    }

    [Fact]
    public async Task Snapshots_without_a_name_stay_and_those_in_frames_are_forgotten()
    {
        using (var foreign = new Foreign(Path))
        {
            foreach (var migration in SqlCatalog.Migrations.Take(2))
            {
                foreign.Execute(migration);
            }

            foreign.Execute(
                $"""
                insert into store (only_row, store_id, epoch, created_at)
                values (1, x'{Convert.ToHexString(Guid.CreateVersion7().ToByteArray(bigEndian: true))}', 1, 0);
                insert into snapshots (stream_type, stream_id, version, state, taken_at) values
                  ('order', '1', 3, cast('"bare"' as blob), 0), ('order', '2', 3, x'ff01000000', 0);
                """);
        }

        await using var store = new TestStore(Path);
        await store.File.OpenAsync();

        using var after = new Foreign(Path);
        after.Scalar<string>("select group_concat(stream_id || state_name) from snapshots").Should().Be("1");
    }

    [Fact]
    public async Task A_newer_schema_is_refused_and_left_alone()
    {
        await using (var store = new TestStore(Path))
        {
            await store.File.OpenAsync();
        }

        using (var foreign = new Foreign(Path))
        {
            foreign.Execute("pragma user_version = 4711");
        }

        var before = await File.ReadAllBytesAsync(Path);
        foreach (var mayMigrate in new[] { true, false })
        {
            await using var store = new TestStore(Path, options => options.MigrateOnOpen = mayMigrate);
            var refusal = await Assert.ThrowsAsync<StoreSchemaException>(() => store.File.OpenAsync());

            (refusal.FoundVersion, refusal.SupportedVersion).Should().Be((4711, SqliteStoreFile.SupportedVersion));
            refusal.Message.Should().Contain("newer").And.Contain(Path);
        }

        (await File.ReadAllBytesAsync(Path)).Should().Equal(before);
    }

    [Theory]
    [InlineData("create table notes (text)")]
    [InlineData("pragma application_id = 7")]
    [InlineData("create table events (position integer primary key); pragma user_version = 2")]
    public async Task The_database_of_another_program_is_refused_and_left_alone(string sql)
    {
        using (var foreign = new Foreign(Path))
        {
            foreign.Execute(sql);
        }

        var before = await File.ReadAllBytesAsync(Path);
        await using var store = new TestStore(Path);

        var refusal = await Assert.ThrowsAsync<StoreSchemaException>(() => store.File.OpenAsync());

        refusal.Message.Should().Contain("another program");
        (await File.ReadAllBytesAsync(Path)).Should().Equal(before, "not even its journal mode is changed");
    }

    [Fact]
    public async Task Where_nothing_may_be_made_a_missing_file_is_named_and_not_made()
    {
        await using var store = new TestStore(Path, options => options.MigrateOnOpen = false);

        var refusal = await Assert.ThrowsAsync<StoreSchemaException>(() => store.Store.ExistsAsync(Some.Stream()));

        refusal.FoundVersion.Should().Be(0);
        refusal.Message.Should().Contain(Path);
        File.Exists(Path).Should().BeFalse();
    }

    [Fact]
    public async Task Where_nothing_may_be_migrated_an_older_file_is_refused_and_a_current_one_works()
    {
        using (var foreign = new Foreign(Path))
        {
            foreign.Execute(SqlCatalog.Migrations[0]);
        }

        await using (var store = new TestStore(Path, options => options.MigrateOnOpen = false))
        {
            (await Assert.ThrowsAsync<StoreSchemaException>(() => store.File.OpenAsync())).FoundVersion.Should().Be(1);
        }

        var current = _folder.File("current.db");
        await using (var store = new TestStore(current))
        {
            await store.File.OpenAsync();
        }

        await using var opened = new TestStore(current, options => options.MigrateOnOpen = false);
        (await opened.Store.ExistsAsync(Some.Stream())).Should().BeFalse();
    }

    [Fact]
    public async Task Many_openers_of_one_new_file_agree_on_one_store()
    {
        var stores = Enumerable.Range(0, 12).Select(_ => new TestStore(Path)).ToArray();

        var identities = await Task.WhenAll(stores.Select(store => Task.Run(() => store.Store.GetIdentityAsync())));

        identities.Distinct().Should().ContainSingle();
        foreach (var store in stores)
        {
            await store.DisposeAsync();
        }
    }

    [Fact]
    public async Task An_opener_that_failed_succeeds_when_the_reason_is_gone()
    {
        await File.WriteAllTextAsync(Path, "This is not a database, but it is long enough to look like one. ");
        await using var store = new TestStore(Path);
        await Assert.ThrowsAsync<StoreOperationException>(() => store.File.OpenAsync());
        File.Delete(Path);

        await store.File.OpenAsync();

        (await store.Store.GetSettledBoundAsync()).Should().Be(Position.Start);
    }

    private static async Task<string[]> SchemaOfAsync(string path)
    {
        await using (var store = new TestStore(path))
        {
            await store.File.OpenAsync();
        }

        using var foreign = new Foreign(path);
        return foreign.Scalar<string>("select group_concat(sql, char(10)) from (select sql from sqlite_schema order by name)")
            .Split('\n');
    }
}
