using System.Globalization;
using K1s0.EventStore.Archive;
using K1s0.EventStore.Postgres.Tests.Partitions;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Archiving;

/// <summary>What the role of an archiver may do: the whole way of a month by its steps, and nothing beside them.</summary>
public sealed class ArchiverRightsTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private static readonly Month Old = Month.Ahead(-2);

    private static string MonthText => string.Create(
        CultureInfo.InvariantCulture, $"'{Old.Start:yyyy-MM-dd} 00:00:00+00'::timestamptz");

    [Fact]
    public async Task Its_role_archives_a_month_and_lets_it_leave()
    {
        using var bucket = new BucketDirectory();
        await using var role = await TestRole.CreateAsync(database);
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        await scene.AppendAsync(Old, 60, 4);
        await scene.Store.ExecuteAsync($"select {{s}}.grant_archiver('{role.Name}')");
        var all = await ArchiveScene.FeedAsync(scene.Reading);
        await using var archiving = ArchiveScene.Of(scene.Store.Reopen(role.DataSource), bucket.Objects);
        archiving.Options.MinimumRetention = TimeSpan.FromDays(1);

        var report = await archiving.ArchiveAsync();
        await new ArchiveLifecycle(
            bucket.Objects,
            new CatalogListings(new ArchiverParts(
                archiving.Reading, archiving.Catalog, archiving.Store.Leases, bucket.Objects)),
            ArchiverProcess.Policy).RunAsync();

        (report.Events, report.PrunedMonths.Count, report.Obstacle).Should().Be((60, 1, null));
        (await archiving.Catalog.ListBatchesAsync(default)).Should().ContainSingle("small batches became one");
        (await ArchiveScene.FeedAsync(archiving.Reopen())).Should().Equal(all);
        (await scene.Catalog.GetStatusAsync()).MinimumRetention.Should().Be(TimeSpan.FromDays(1));
    }

    [Theory]
    [InlineData("insert into {s}.batches select * from {s}.batches", "permission denied")]
    [InlineData("update {s}.batches set object_key = 'events/forged'", "permission denied")]
    [InlineData("delete from {s}.batches", "permission denied")]
    [InlineData("insert into {s}.batch_months values (1, now(), 1, 1, 1, sha256('a'))", "permission denied")]
    [InlineData("insert into {s}.archived_streams values (1, 1, 1, 1)", "permission denied")]
    [InlineData(
        "insert into {s}.archive_manifests values (2, sha256('a'), 40, null, 1, now(), now())", "permission denied")]
    [InlineData("update {s}.archive_manifests set digest = sha256('a')", "permission denied")]
    [InlineData("insert into {s}.batch_replacements (manifest_number) values (1)", "permission denied")]
    [InlineData("update {s}.store set pruned_bound = 1000", "permission denied")]
    [InlineData("update {s}.store set minimum_retention = '0'", "permission denied")]
    [InlineData("alter table {s}.events detach partition {s}.{partition}", "must be owner")]
    [InlineData("drop table {s}.{partition}", "must be owner")]
    [InlineData("delete from {s}.events", "permission denied")]
    [InlineData("update {s}.leases set expires_at = now() where lease_name = 'k1s0 ledger'", "permission denied for lease")]
    [InlineData("update {s}.leases set epoch = 99, lease_name = 'archive'", "permission denied for lease")]
    [InlineData(
        "update {s}.leases set lease_name = 'mailer' where lease_name = 'archive'", "permission denied for lease")]
    [InlineData("insert into {s}.leases values ('mailer', 'rogue', 1, now())", "permission denied for lease")]
    public async Task What_the_steps_write_it_cannot_write_itself(string forbidden, string refusal)
    {
        using var bucket = new BucketDirectory();
        await using var role = await TestRole.CreateAsync(database);
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        await scene.AppendAsync(Old, 20, 2);
        await scene.Store.ExecuteAsync($"select {{s}}.grant_archiver('{role.Name}')");
        await scene.Store.Leases.TryAcquireAsync("k1s0 ledger", "sealer", TimeSpan.FromHours(1));
        await scene.Store.Leases.TryAcquireAsync(IArchiveCatalog.LeaseName, "archiver", TimeSpan.FromHours(1));
        var before = await scene.Store.ContentAsync();

        var failure = await Assert.ThrowsAsync<PostgresException>(() => role.DataSource.ExecuteAsync(
            scene.Store.Named(forbidden.Replace("{partition}", Old.Partition, StringComparison.Ordinal))));

        failure.SqlState.Should().Be(PostgresErrorCodes.InsufficientPrivilege);
        failure.MessageText.Should().Contain(refusal);
        (await scene.Store.ContentAsync()).Should().Be(before);
    }

    [Fact]
    public async Task Its_role_takes_its_own_lease_and_touches_no_other_whether_it_is_held_or_free()
    {
        using var bucket = new BucketDirectory();
        await using var role = await TestRole.CreateAsync(database);
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        await scene.Store.ExecuteAsync($"select {{s}}.grant_archiver('{role.Name}')");
        var held = (await scene.Store.Leases.TryAcquireAsync("mailer", "app", TimeSpan.FromMinutes(10)))!;
        var free = (await scene.Store.Leases.TryAcquireAsync("k1s0 ledger", "app", TimeSpan.FromHours(1)))!;
        await scene.Store.Leases.ReleaseAsync(free);
        var leases = scene.Store.Reopen(role.DataSource).Leases;
        var before = await scene.Store.ContentAsync();
        Func<Task>[] attempts =
        [
            () => leases.TryAcquireAsync("mailer", "rogue", TimeSpan.FromHours(1)),
            () => leases.TryAcquireAsync("k1s0 ledger", "rogue", TimeSpan.FromHours(1)),
            () => leases.TryAcquireAsync("nobody's", "rogue", TimeSpan.FromHours(1)),
            () => leases.RenewAsync(held, TimeSpan.FromHours(1)),
            () => leases.ReleaseAsync(held),
        ];

        foreach (var attempt in attempts)
        {
            (await FluentActions.Awaiting(attempt).Should().ThrowAsync<StoreOperationException>())
                .Which.InnerException.Should().BeOfType<PostgresException>()
                .Which.SqlState.Should().Be(PostgresErrorCodes.InsufficientPrivilege);
        }

        (await scene.Store.ContentAsync()).Should().Be(before);
        var own = (await leases.TryAcquireAsync(IArchiveCatalog.LeaseName, "archiver", TimeSpan.FromMinutes(10)))!;
        own = await leases.RenewAsync(own, TimeSpan.FromHours(1));
        await leases.ReleaseAsync(own);
        (await leases.TryAcquireAsync(IArchiveCatalog.LeaseName, "archiver", TimeSpan.FromHours(1)))!
            .Epoch.Should().Be(own.Epoch + 1);
    }

    [Fact]
    public async Task What_keeps_it_from_other_leases_lies_on_the_leases_alone_so_that_appending_pays_nothing()
    {
        var store = await database.NewStoreAsync();

        (await store.ColumnAsync<string>(
            """
            select c.relname || ' ' || t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid
            where t.tgfoid = '{s}.refuse_other_lease'::regproc order by t.tgname
            """)).Should().Equal("leases leases_insert_own", "leases leases_update_own");
    }

    [Fact]
    public async Task No_month_leaves_whose_objects_were_not_proved_and_listed()
    {
        using var bucket = new BucketDirectory();
        await using var role = await TestRole.CreateAsync(database);
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        var events = await scene.AppendAsync(Old, 20, 2);
        await scene.Store.ExecuteAsync($"select {{s}}.grant_archiver('{role.Name}')");
        var store = scene.Store.Reopen(role.DataSource);
        var lease = (await store.Leases.TryAcquireAsync(IArchiveCatalog.LeaseName, "rogue", TimeSpan.FromHours(1)))!;

        (await OutcomeAsync("allow_prune({epoch}, {month})")).Should().Be("not_listed");
        (await OutcomeAsync("prune_month({epoch}, {month}, '1 second')")).Should().BeOneOf("moved", "changed");
        (await OutcomeAsync("plan_batch({epoch}, 0, {first}, {last}, 20, {earliest}, {latest}, 1)")).Should().Be("done");
        (await OutcomeAsync("begin_upload({epoch}, {last})")).Should().Be("done");
        (await OutcomeAsync(
            "finish_upload({epoch}, {last}, 1, 'events/none', 1, sha256('a'), sha256('a'))")).Should().Be("done");
        (await OutcomeAsync(
            "verify_batch({epoch}, {last}, 1, sha256('a'), array[{month}], '{20}', '{1}', '{20}', array[sha256('a')])"))
            .Should().Be("changed", "the digest of its rows was not computed");
        (await OutcomeAsync("plan_manifest({epoch}, 1, sha256('a'), null, {last}, 'a')")).Should().Be("moved");
        (await OutcomeAsync("allow_prune({epoch}, {month})")).Should().Be("not_listed");
        (await scene.Store.ScalarAsync<long>("select count(*) from {s}.events")).Should().Be(20);

        Task<string> OutcomeAsync(string step) => store.ScalarAsync<string>($"select outcome from {{s}}.{step}"
            .Replace("{epoch}", lease.Epoch.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("{month}", MonthText, StringComparison.Ordinal)
            .Replace("{first}", events[0].Position.ToString(), StringComparison.Ordinal)
            .Replace("{last}", events[^1].Position.ToString(), StringComparison.Ordinal)
            .Replace("{earliest}", TextOf(events[0].RecordedAt), StringComparison.Ordinal)
            .Replace("{latest}", TextOf(events[^1].RecordedAt), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("grant_writer")]
    [InlineData("grant_sealer")]
    public async Task Who_appends_or_seals_takes_other_leases_whether_it_archives_or_not(string grant)
    {
        await using var role = await TestRole.CreateAsync(database);
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        foreach (var granted in new[] { grant, "grant_archiver" })
        {
            await scene.Store.ExecuteAsync($"select {{s}}.{granted}('{role.Name}')");
            var store = scene.Store.Reopen(role.DataSource);
            foreach (var name in new[] { "mailer", IArchiveCatalog.LeaseName })
            {
                var lease = await store.Leases.TryAcquireAsync(name, "app", TimeSpan.FromHours(1));
                lease = await store.Leases.RenewAsync(lease!, TimeSpan.FromHours(1));
                await store.Leases.ReleaseAsync(lease);
            }
        }
    }

    private static string TextOf(DateTimeOffset time) =>
        string.Create(CultureInfo.InvariantCulture, $"'{time:yyyy-MM-dd HH:mm:ss.ffffff}+00'::timestamptz");
}
