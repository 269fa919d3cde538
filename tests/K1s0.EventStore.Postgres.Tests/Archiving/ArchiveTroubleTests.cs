using K1s0.EventStore.Archive;
using K1s0.EventStore.ObjectStores;
using K1s0.EventStore.Postgres.Tests.Partitions;
using K1s0.EventStore.Postgres.Tests.Projections;
using K1s0.EventStore.TestServers;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Archiving;

/// <summary>What cost others their archived events: uploads that fail, rebuilds, and a standby that takes over.</summary>
public sealed class ArchiveTroubleTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("PeerBug", "B30")]
    public async Task A_month_stays_as_long_as_uploads_fail_however_many_runs_try()
    {
        var (isDown, puts) = (true, 0);
        var objects = new SimulatedObjectStore(TimeProvider.System, call =>
            call.Method is nameof(IObjectStore.PutIfAbsentAsync) && isDown && ++puts > 1
                ? ObjectFault.Refused
                : ObjectFault.None);
        await using var scene = await ArchiveScene.CreateAsync(database, objects);
        await scene.AppendAsync(Month.Ahead(-2), 100, 7);
        await scene.AppendAsync(Month.Ahead(0), 10, 7);
        var all = await ArchiveScene.FeedAsync(scene.Store.Store);

        for (var run = 0; run < 3; run++)
        {
            await Assert.ThrowsAnyAsync<EventStoreException>(() => scene.Archiver().ArchiveAsync());
            (await scene.Store.ScalarAsync<long>("select count(*) from {s}.events")).Should().Be(110);
            (await ArchiveScene.FeedAsync(scene.Store.Reopen().Store)).Should().Equal(all);
        }

        puts.Should().BeGreaterThan(3, "each run tried to store what was missing");
        isDown = false;
        var report = await scene.Archiver().ArchiveAsync();
        report.PrunedMonths.Should().Equal(Month.Ahead(-2).Start);
        (await scene.Store.ScalarAsync<long>("select count(*) from {s}.events")).Should().Be(10);
        (await ArchiveScene.FeedAsync(scene.Reopen())).Should().Equal(all);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("PeerBug", "B31")]
    public async Task A_rebuild_that_has_no_archive_to_read_is_refused_and_leaves_nothing_out(bool isInline)
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        await scene.AppendAsync(Month.Ahead(-2), 30, 3);
        await scene.AppendAsync(Month.Ahead(0), 20, 3);
        await FollowAsync(scene);
        var (store, last) = (scene.Store, (await ArchiveScene.FeedAsync(scene.Store.Store))[^1].Position);
        var before = await Balances.ReadAsync(store);
        (await scene.Archiver().ArchiveAsync()).PrunedMonths.Should().ContainSingle();

        await Assert.ThrowsAsync<EventsArchivedException>(() => new ProjectionRebuilder(
            store.DataSource, "balances", new Balances(store.Name), store.Options, isInline)
            .RebuildAsync(cancellationToken: Cancellation));

        (await Balances.ReadAsync(store)).Should().Equal(before);
        var next = await scene.Reading.AppendAsync([Some.Append(Some.Stream(), 4)], Cancellation);
        next[0].FirstPosition.Should().BeGreaterThan(last, "the sequence does not leave with a month");
        await FollowAsync(scene);
        (await Balances.ReadAsync(store)).Should().Equal(Balances.Fold(await ArchiveScene.FeedAsync(scene.Reopen())));
    }

    [Fact]
    [Trait("PeerBug", "B32")]
    public async Task A_standby_that_takes_over_in_the_middle_of_the_archiving_has_every_event_once()
    {
        using var bucket = new BucketDirectory();
        await using var primary = await PostgresServer.StartAsync();
        await using var source = NpgsqlDataSource.Create(primary.ConnectionString());
        await using var scene = ArchiveScene.Of(await TestStore.CreateAsync(source, "event_store"), bucket.Objects);
        await scene.AppendAsync(Month.Ahead(-3), 50, 5);
        await scene.AppendAsync(Month.Ahead(-2), 45, 5);
        await scene.AppendAsync(Month.Ahead(0), 10, 5);
        var all = await ArchiveScene.FeedAsync(scene.Store.Store);
        await using var standby = await primary.StartStandbyAsync();
        await using var copy = NpgsqlDataSource.Create(standby.ConnectionString());
        scene.Options.OlderThan = DateTimeOffset.UtcNow - Month.Ahead(-1).Start + TimeSpan.FromDays(5);
        (await scene.Archiver().ArchiveAsync()).PrunedMonths.Should().Equal(Month.Ahead(-3).Start);
        var written = await source.ScalarAsync<string>("select pg_current_wal_flush_lsn()::text");
        await Eventually.TrueAsync(() => copy.ScalarAsync<bool>(
            $"select pg_last_wal_replay_lsn() >= '{written}'::pg_lsn"));

        // What the primary does from here on never reaches the standby: its books know nothing of it.
        await standby.KillAsync();
        scene.Options.OlderThan = TimeSpan.Zero;
        (await scene.Archiver().ArchiveAsync()).PrunedMonths.Should().Equal(Month.Ahead(-2).Start);
        await primary.KillAsync();
        await standby.StartAgainAsync();
        copy.Clear();
        await copy.ExecuteAsync("select pg_promote()");

        await using var taken = ArchiveScene.Of(scene.Store.Reopen(copy), bucket.Objects);
        (await ArchiveScene.FeedAsync(taken.Reading, pageSize: 9)).Should().Equal(all);

        // The bucket is ahead of the books: what it lists is read back and compared with the rows before they leave.
        var report = await taken.Archiver().ArchiveAsync();
        (report.Batches, report.Obstacle).Should().Be((0, null));
        report.PrunedMonths.Should().Equal(Month.Ahead(-2).Start);
        (await taken.Store.ScalarAsync<long>("select count(*) from {s}.events")).Should().Be(10);
        (await new ArchiveVerifier(bucket.Objects).VerifyAsync(Cancellation)).IsWhole.Should().BeTrue();
        (await ArchiveScene.FeedAsync(taken.Reopen(), pageSize: 9)).Should().Equal(all);
        foreach (var stream in all.GroupBy(envelope => envelope.StreamId))
        {
            (await taken.Reopen().LoadAsync(stream.Key)).Should().Equal(stream);
        }
    }

    private static Task FollowAsync(ArchiveScene scene) => KilledSwapProcess.FollowAsync(
        scene.Store.DataSource, scene.Reading, scene.Store.Options, Cancellation);
}
