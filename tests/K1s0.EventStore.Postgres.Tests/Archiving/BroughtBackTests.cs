using System.Globalization;
using K1s0.EventStore.Archive;
using K1s0.EventStore.ObjectStores;
using K1s0.EventStore.Postgres.Tests.Partitions;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Archiving;

/// <summary>The database is restored to before the last manifests of its bucket, and goes on archiving into it.</summary>
[Trait("Row", "I09")]
public sealed class BroughtBackTests(StoreDatabase database) : IClassFixture<StoreDatabase>, IAsyncLifetime
{
    private readonly BucketDirectory _bucket = new();
    private readonly string _copy = $"copy_{Guid.CreateVersion7():n}";
    private NpgsqlDataSource? _source;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        _bucket.Dispose();
        if (_source is not null)
        {
            await _source.DisposeAsync();
            await ServerAsync($"drop database if exists {_copy} with (force)");
        }
    }

    [Fact]
    public async Task A_restored_database_takes_over_what_it_has_and_gives_up_a_lost_timeline_when_it_is_told_to()
    {
        await using var lost = await ArchiveScene.CreateAsync(database, _bucket.Objects);
        await lost.AppendAsync(Month.Ahead(-4), 90, 6);
        (await lost.ArchiveAsync()).PrunedMonths.Should().ContainSingle();
        await lost.AppendAsync(Month.Ahead(-3), 60, 4);
        await BackUpAsync();
        (await lost.ArchiveAsync()).PrunedMonths.Should().ContainSingle("the rows of the copy have these");
        await lost.AppendAsync(Month.Ahead(-2), 70, 6, "lost");
        (await lost.ArchiveAsync()).PrunedMonths.Should().ContainSingle();
        var manifests = await ManifestsAsync();
        manifests.Should().Be(3);
        var objects = Files();

        await using var scene = Restored(lost);
        await scene.AppendAsync(Month.Ahead(-2), 65, 5, "new");
        await scene.AppendAsync(Month.Ahead(0), 10, 2, "open");
        var all = await ArchiveScene.FeedAsync(scene.Reading);
        all.Should().HaveCount(225);

        (await FluentActions.Awaiting(scene.ArchiveAsync).Should().ThrowAsync<ManifestConflictException>())
            .Which.Number.Should().Be(3);
        Files().Should().Equal(objects, "nothing was stored");
        var adopted = await scene.Archiver().AdoptAsync(LostTimeline.Remove);

        adopted.Should().BeEquivalentTo(new { Manifest = 4, Batches = 2, Events = 60L, Removed = 2 });
        var report = await scene.ArchiveAsync();
        (report.Events, report.PrunedMonths.Count, report.Obstacle).Should().Be((65, 2, null));
        (await scene.Store.ScalarAsync<long>("select count(*) from {s}.events")).Should().Be(10);
        (await ArchiveScene.FeedAsync(scene.Reopen(), pageSize: 17)).Should().Equal(all);
        foreach (var stream in all.GroupBy(envelope => envelope.StreamId))
        {
            (await scene.Reading.LoadAsync(stream.Key)).Should().Equal(stream);
        }

        var found = await new ArchiveVerifier(_bucket.Objects).VerifyAsync();
        (found.IsWhole, found.Events).Should().Be((true, 215));
        Files().Should().Contain(objects, "nothing of the bucket was deleted");

        // The bucket alone is the store that went on, not the lost one.
        await using var rebuilt = await ArchiveScene.CreateAsync(database, _bucket.Objects);
        await new ArchiveRebuild(
            _bucket.Objects, new PostgresEventImporter(rebuilt.Store.DataSource, rebuilt.Store.Options)).RunAsync();
        (await ArchiveScene.FeedAsync(rebuilt.Store.Store)).Should().Equal(all.Take(215));
    }

    [Fact]
    public async Task A_restored_database_that_has_every_event_goes_on_by_itself()
    {
        await using var lost = await ArchiveScene.CreateAsync(database, _bucket.Objects);
        await lost.AppendAsync(Month.Ahead(-3), 90, 6);
        lost.Options.Prune = false;
        await lost.ArchiveAsync();
        await lost.AppendAsync(Month.Ahead(-2), 50, 6);
        await BackUpAsync();
        await lost.ArchiveAsync();
        await new ArchiveLifecycle(
            _bucket.Objects,
            new CatalogListings(new ArchiverParts(lost.Reading, lost.Catalog, lost.Store.Leases, _bucket.Objects)),
            ArchiverProcess.Policy).RunAsync();
        var objects = Files();
        (await ManifestsAsync()).Should().BeGreaterThan(2, "small batches became one as well");

        await using var scene = Restored(lost);
        var all = await ArchiveScene.FeedAsync(scene.Reading);
        var report = await scene.ArchiveAsync();

        (report.Batches, report.PrunedMonths.Count, report.Obstacle).Should().Be((0, 2, null));
        Files().Should().Contain(objects, "nothing of the bucket was deleted");
        (await ArchiveScene.FeedAsync(scene.Reopen())).Should().Equal(all);
        (await new ArchiveVerifier(_bucket.Objects).VerifyAsync()).IsWhole.Should().BeTrue();
        (await scene.Store.ScalarAsync<long>("select count(*) from {s}.events")).Should().Be(0);
        (await scene.Catalog.ListBatchesAsync(default)).Select(batch => batch.Stored!.Key).Should().Equal(
            (await new ArchiveManifests(_bucket.Objects).ReadLatestAsync())!.Batches.Select(batch => batch.Key.Value));
    }

    /// <summary>As after a restore that brought back a transaction which was prepared: its locks are those.</summary>
    [Fact]
    public async Task A_restored_database_whose_feed_is_held_back_has_lost_nothing_until_that_has_ended()
    {
        await using var lost = await ArchiveScene.CreateAsync(database, _bucket.Objects);
        await lost.AppendAsync(Month.Ahead(-3), 40, 3);
        lost.Options.Prune = false;
        await lost.ArchiveAsync();
        var events = await lost.AppendAsync(Month.Ahead(-2), 40, 3);
        await BackUpAsync();
        await lost.ArchiveAsync();
        var files = Files();
        await using var scene = Restored(lost);
        await using var session = await _source!.OpenConnectionAsync();
        await session.ExecuteAsync(scene.Store.Named(string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            begin; select pg_advisory_xact_lock_shared(floor_key, {{events[7].Position.Value}}) from {s}.store
            """)));
        using var archiver = new Archiver(
            new ArchiverParts(scene.Reading, scene.Catalog, scene.Store.Leases, _bucket.Objects),
            scene.Options,
            new PassingTime(DateTimeOffset.UtcNow));
        Func<Task>[] attempts =
        [
            () => archiver.ArchiveAsync(),
            () => archiver.AdoptAsync(LostTimeline.Remove),
        ];

        foreach (var attempt in attempts)
        {
            var refused = (await FluentActions.Awaiting(attempt).Should().ThrowAsync<ArchiveRefusedException>()).Which;
            refused.Reason.Should().Be(ArchiveRefusal.Busy);
            refused.Detail.Should().Contain($"settled up to {events[7].Position}");
        }

        Files().Should().Equal(files, "nothing was given up");
        await session.ExecuteAsync("rollback");
        (await scene.Archiver().AdoptAsync(LostTimeline.Remove)).Should().BeEquivalentTo(
            new { Manifest = 2, Batches = 1, Events = 40L, Removed = 0 });
    }

    [Fact]
    public async Task A_manifest_that_can_never_be_put_is_given_up()
    {
        await using var scene = await ArchiveScene.CreateAsync(database, _bucket.Objects);
        await scene.AppendAsync(Month.Ahead(-2), 30, 3);
        scene.Options.Prune = false;
        await scene.ArchiveAsync();
        var lease = (await scene.Store.Leases.TryAcquireAsync(
            IArchiveCatalog.LeaseName, "test", TimeSpan.FromHours(1)))!;
        var status = await scene.Catalog.GetStatusAsync();
        await scene.Catalog.PlanManifestAsync(
            lease,
            new PlannedManifest(2, status.Manifest!.Digest, new byte[] { 1 }, status.Listed),
            status.Manifest.Digest);

        (await FluentActions.Awaiting(() => scene.Catalog.AbandonManifestAsync(lease, 1))
            .Should().ThrowAsync<ArchiveRefusedException>()).Which.Reason.Should().Be(ArchiveRefusal.Moved);
        await scene.Catalog.AbandonManifestAsync(lease, 2);

        var after = await scene.Catalog.GetStatusAsync();
        (after.Manifest!.Number, after.ManifestIsOpen).Should().Be((1, false));
        await FluentActions.Awaiting(() => scene.Catalog.AbandonManifestAsync(lease with { Epoch = 0 }, 2))
            .Should().ThrowAsync<LeaseLostException>();
    }

    // What a backup has: the database as it is now.
    private async Task BackUpAsync()
    {
        var name = new NpgsqlConnectionStringBuilder(database.ConnectionString).Database;
        _source = NpgsqlDataSource.Create(database.With(connection => connection.Database = _copy));
        database.DataSource.Clear();
        await ServerAsync(
            $"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}' and pid <> pg_backend_pid()");
        await Eventually.TrueAsync(async () => await CountSessionsAsync(name!) == 0);
        await ServerAsync($"create database {_copy} template {name}");
    }

    // The same schema, in the other database.
    private ArchiveScene Restored(ArchiveScene lost)
    {
        var store = lost.Store.Reopen(_source);
        var scene = ArchiveScene.Of(store, _bucket.Objects);
        scene.Options.MaxEventsPerBatch = lost.Options.MaxEventsPerBatch;
        return scene;
    }

    private async Task<long> CountSessionsAsync(string name)
    {
        await using var server = new NpgsqlConnection(Server());
        await server.OpenAsync();
        return await server.ScalarAsync<long>($"select count(*) from pg_stat_activity where datname = '{name}' and backend_type = 'client backend'");
    }

    private async Task ServerAsync(string sql)
    {
        await using var server = new NpgsqlConnection(Server());
        await server.OpenAsync();
        await server.ExecuteAsync(sql);
    }

    private string Server() => database.With(connection =>
    {
        connection.Database = "postgres";
        connection.Pooling = false;
    });

    private async Task<long> ManifestsAsync() =>
        (await new ArchiveManifests(_bucket.Objects).ReadLatestAsync(fromFirst: true))!.Number;

    private IReadOnlyList<string> Files() =>
        [.. Directory.EnumerateFiles(_bucket.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
}
