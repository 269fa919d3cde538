using K1s0.EventStore.Archive;
using K1s0.EventStore.Postgres.Tests.Partitions;
using K1s0.EventStore.TestServers;

namespace K1s0.EventStore.Postgres.Tests.Archiving;

/// <summary>
/// Small batches become large ones, in the bucket and in the books of the database, and nobody who reads notices.
/// </summary>
[Trait("Row", "L16")]
[Trait("Invariant", "I30")]
public sealed class CompactionTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private const int Killed = 137;

    private static readonly TimeSpan AfterGrace = TimeSpan.FromDays(2);

    /// <summary>Where the folder comes in; at the other steps any bucket does, that of the server.</summary>
    public static TheoryData<string> Steps => [.. ArchiverProcess.CompactionSteps.Where(ArchiverProcess.IsOfBucket)];

    [Fact]
    public async Task Small_batches_become_one_beside_an_archiver_and_every_reader_goes_on()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        var all = await ArchiveAsync(scene, bucket.Objects);
        var old = await KeysAsync(bucket.Objects);
        var reader = scene.Reopen();
        await using var reading = reader.ReadFeedAsync(default, pageSize: 7).GetAsyncEnumerator();
        var seen = new List<EventEnvelope>();
        while (seen.Count < 10 && await reading.MoveNextAsync())
        {
            seen.Add(reading.Current);
        }

        var report = await LifecycleOf(scene, TimeSpan.Zero).RunAsync();

        (report.CompactedFrom, report.CompactedInto, report.Removed).Should().Be((8, 1, 0));
        while (await reading.MoveNextAsync())
        {
            seen.Add(reading.Current);
        }

        seen.Should().Equal(all, "a reader that was on its way meets the new batch in the middle");
        (await KeysAsync(bucket.Objects)).Should().HaveCount(9).And.Contain(old, "whoever was sent to them finds them");
        await CheckAsync(scene, bucket.Objects, all, batches: 1);

        // The archiver goes on behind it, and the grace period ends.
        await scene.AppendAsync(Month.Ahead(-1), 40, 3, "t");
        all = await ArchiveScene.FeedAsync(scene.Reading);
        (await scene.Archiver().ArchiveAsync()).Obstacle.Should().BeNull();
        (await LifecycleOf(scene, AfterGrace).RunAsync()).Removed.Should().BeGreaterThanOrEqualTo(8);
        await CheckAsync(scene, bucket.Objects, all, batches: 1);
        (await LifecycleOf(scene, AfterGrace * 2).RunAsync()).CompactedInto.Should().Be(0);
        (await KeysAsync(bucket.Objects)).Should().ContainSingle();
        await CheckAsync(scene, bucket.Objects, all, batches: 1);
    }

    [Fact]
    public async Task Beside_a_leader_that_works_a_compaction_says_that_the_archive_is_busy()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        var all = await ArchiveAsync(scene, bucket.Objects);
        var lease = await scene.Store.Leases.TryAcquireAsync(
            IArchiveCatalog.LeaseName, "somebody", TimeSpan.FromMinutes(10));

        (await FluentActions.Awaiting(() => LifecycleOf(scene, TimeSpan.Zero).RunAsync())
            .Should().ThrowAsync<ArchiveRefusedException>()).Which.Reason.Should().Be(ArchiveRefusal.Busy);

        await CheckAsync(scene, bucket.Objects, all, batches: 8);
        await scene.Store.Leases.ReleaseAsync(lease!);
        (await LifecycleOf(scene, TimeSpan.Zero).RunAsync()).CompactedInto.Should().Be(1);
    }

    [Fact]
    public async Task A_manifest_that_was_put_late_gives_readers_their_time_from_when_the_books_know_it()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        var all = await ArchiveAsync(scene, bucket.Objects);
        (await ArchiverProcess.DieAsync(
            database.ConnectionString, scene.Store.Name, bucket.Path, "before-list-manifest", compacts: true))
            .Should().Be(Killed);
        await FreeLeaseAsync(scene);

        // Days later the books still send readers to the old objects, whatever the bucket says.
        (await LifecycleOf(scene, AfterGrace).RunAsync()).Removed.Should().Be(0);
        await CheckAsync(scene, bucket.Objects, all, batches: 8);
        (await scene.Archiver().ArchiveAsync()).IsLeader.Should().BeTrue();
        await CheckAsync(scene, bucket.Objects, all, batches: 1);
        (await LifecycleOf(scene, TimeSpan.Zero).RunAsync()).Removed.Should().Be(0);
        (await LifecycleOf(scene, AfterGrace).RunAsync()).Removed.Should().Be(8);
        await CheckAsync(scene, bucket.Objects, all, batches: 1);
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task Killed_at_a_step_of_a_compaction_every_event_is_readable_and_another_one_goes_on(string step)
    {
        using var bucket = new BucketDirectory();
        await KillAndGoOnAsync(bucket.Path, bucket.Objects, step);
    }

    [Fact]
    public async Task The_same_at_every_step_with_a_bucket_of_an_S3_server()
    {
        await using var server = await RadosGateway.StartAsync();
        using var client = new Amazon.S3.AmazonS3Client(
            new Amazon.Runtime.BasicAWSCredentials(server.AccessKey, server.SecretKey),
            new Amazon.S3.AmazonS3Config
            {
                ServiceURL = server.Endpoint.AbsoluteUri,
                ForcePathStyle = true,
                AuthenticationRegion = "us-east-1",
            });
        foreach (var step in ArchiverProcess.CompactionSteps)
        {
            await client.PutBucketAsync(step);
            var bucket = $"{server.Endpoint} {server.AccessKey} {server.SecretKey} {step}";
            await KillAndGoOnAsync(bucket, ArchiverProcess.OpenBucket(bucket), step);
        }
    }

    private static async Task<IReadOnlyList<EventEnvelope>> ArchiveAsync(ArchiveScene scene, IObjectStore objects)
    {
        await scene.AppendAsync(Month.Ahead(-3), 40, 3);
        await scene.AppendAsync(Month.Ahead(-2), 40, 3);
        await scene.AppendAsync(Month.Ahead(0), 10, 3);
        scene.Options.MaxEventsPerBatch = 10;
        var all = await ArchiveScene.FeedAsync(scene.Store.Store);
        (await scene.Archiver().ArchiveAsync()).PrunedMonths.Should().HaveCount(2);
        (await KeysAsync(objects)).Should().HaveCount(8);
        return all;
    }

    private static ArchiveLifecycle LifecycleOf(ArchiveScene scene, TimeSpan later)
    {
        var time = new LaterTime(later);
        var parts = new ArchiverParts(scene.Reading, scene.Catalog, scene.Store.Leases, scene.Objects);
        return new ArchiveLifecycle(
            scene.Objects, new CatalogListings(parts, timeProvider: time), ArchiverProcess.Policy, timeProvider: time);
    }

    private static async Task<List<string>> KeysAsync(IObjectStore objects) =>
        await objects.ListAsync("events/").Select(entry => entry.Key.Value).ToListAsync();

    private static Task FreeLeaseAsync(ArchiveScene scene) =>
        scene.Store.ExecuteAsync("update {s}.leases set expires_at = clock_timestamp()");

    // Everything is read as it was, and books and bucket say the same.
    private static async Task CheckAsync(
        ArchiveScene scene, IObjectStore objects, IReadOnlyList<EventEnvelope> all, int? batches, string step = "")
    {
        (await ArchiveScene.FeedAsync(scene.Reopen(), pageSize: 6)).Should().Equal(all, step);
        foreach (var stream in all.GroupBy(envelope => envelope.StreamId))
        {
            (await scene.Reading.LoadAsync(stream.Key)).Should().Equal(stream, step);
            (await scene.Reopen().LoadAsync(stream.Key, 4, 17)).Should().Equal(stream.Skip(3).Take(14), step);
        }

        var status = await scene.Catalog.GetStatusAsync();
        var entries = await scene.Catalog.ListBatchesAsync(default);
        if (batches is not null)
        {
            entries.Should().HaveCount(batches.Value, step);
        }

        if (!status.ManifestIsOpen)
        {
            var listing = (await new ArchiveManifests(objects).ReadLatestAsync(fromFirst: true))!;
            (listing.Number, listing.Digest).Should().Be((status.Manifest!.Number, status.Manifest.Digest), step);
            listing.Batches.Select(batch => (batch.Key.Value, batch.Digest, batch.EventsDigest, batch.Last)).Should()
                .Equal(entries.Select(e => (e.Stored!.Key, e.Stored.Digest, e.EventsDigest, e.Plan.Last)), step);
        }

        (await new ArchiveVerifier(objects).VerifyAsync()).IsWhole.Should().BeTrue(step);
    }

    private async Task KillAndGoOnAsync(string bucket, IObjectStore objects, string step)
    {
        await using var scene = await ArchiveScene.CreateAsync(database, objects);
        var all = await ArchiveAsync(scene, objects);

        (await ArchiverProcess.DieAsync(
            database.ConnectionString, scene.Store.Name, bucket, step, compacts: true)).Should().Be(Killed, step);

        await CheckAsync(scene, objects, all, batches: null, step);
        await FreeLeaseAsync(scene);
        (await scene.Archiver().ArchiveAsync()).IsLeader.Should().BeTrue(step);
        (await scene.Catalog.GetStatusAsync()).ManifestIsOpen.Should().BeFalse(step);
        await LifecycleOf(scene, AfterGrace).RunAsync();
        await LifecycleOf(scene, AfterGrace * 2).RunAsync();

        await CheckAsync(scene, objects, all, batches: 1, step);
        (await KeysAsync(objects)).Should().ContainSingle(step);
    }
}
