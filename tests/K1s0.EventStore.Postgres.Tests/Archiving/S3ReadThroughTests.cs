using System.Collections.Concurrent;
using Amazon.Runtime;
using Amazon.S3;
using K1s0.EventStore.Archive;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.Postgres.Tests.Ledger;
using K1s0.EventStore.Postgres.Tests.Partitions;
using K1s0.EventStore.S3;
using K1s0.EventStore.TestServers;

namespace K1s0.EventStore.Postgres.Tests.Archiving;

/// <summary>Old months are in a bucket of a real S3 server, and every way to read goes across the border.</summary>
[Trait("Row", "L07")]
[Trait("Row", "L10")]
[Trait("Row", "I30")]
public sealed class S3ReadThroughTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Streams_feed_times_replays_and_proofs_go_from_the_bucket_into_the_database()
    {
        await using var server = await RadosGateway.StartAsync();
        using var client = new AmazonS3Client(
            new BasicAWSCredentials(server.AccessKey, server.SecretKey),
            new AmazonS3Config
            {
                ServiceURL = server.Endpoint.AbsoluteUri,
                ForcePathStyle = true,
                AuthenticationRegion = "us-east-1",
            });
        await client.PutBucketAsync("events", Cancellation);
        var objects = new S3ObjectStore(client, new S3Options { Bucket = "events", Prefix = "orders/" });
        await using var scene = await ArchiveScene.CreateAsync(
            database, objects, new ArchiveReadingOptions { CacheBytes = 0 });
        using var log = await TestLog.CreateAsync(scene.Store);
        await scene.AppendAsync(Month.Ahead(-3), 70, 6);
        await scene.AppendAsync(Month.Ahead(-2), 70, 6);
        await scene.AppendAsync(Month.Ahead(0), 60, 6);
        var all = await ArchiveScene.FeedAsync(scene.Store.Store);
        await log.SealAllAsync();

        (await scene.ArchiveAsync()).PrunedMonths.Should().HaveCount(2);

        (await scene.Store.ScalarAsync<long>("select count(*) from {s}.events")).Should().Be(60);
        (await ArchiveScene.FeedAsync(scene.Reading, pageSize: 9)).Should().Equal(all);
        await ReadStreamsAsync(scene, all);
        await ReadTimesAsync(scene, all);
        await ReplayAsync(scene, all);
        var proofs = new LedgerProofs(scene.Ledger);
        foreach (var envelope in all.Where((_, index) => index % 13 == 0))
        {
            (await proofs.ProveEventAsync(envelope.Id, Cancellation))!
                .Verify(envelope, TestLog.Origin, log.Keys).Should().Be(EventProofVerdict.Valid);
        }

        (await new ArchiveVerifier(objects).VerifyAsync(Cancellation)).Should().BeEquivalentTo(
            new { IsWhole = true, FindingCount = 0, Events = 140L });
    }

    private static async Task ReadStreamsAsync(ArchiveScene scene, IReadOnlyList<EventEnvelope> all)
    {
        foreach (var stream in all.GroupBy(envelope => envelope.StreamId))
        {
            var events = stream.ToList();
            var border = events.FindIndex(envelope => envelope.Position > all[139].Position);
            border.Should().BePositive("every stream has events on both sides");

            (await scene.Reading.LoadAsync(stream.Key, cancellationToken: Cancellation)).Should().Equal(events);
            (await scene.Reading.LoadAsync(stream.Key, border, border + 1, Cancellation))
                .Should().Equal(events.Skip(border - 1).Take(2), "one of each side");
            (await scene.Reading.ReadStreamAsync(stream.Key, ReadDirection.Backward, cancellationToken: Cancellation)
                .ToListAsync(Cancellation)).Should().Equal(Enumerable.Reverse(events));
        }
    }

    private static async Task ReadTimesAsync(ArchiveScene scene, IReadOnlyList<EventEnvelope> all)
    {
        var across = await scene.Reading.ReadTimeRangeAsync(
            all[120].RecordedAt, all[160].RecordedAt, cancellationToken: Cancellation);
        across.Events.Should().Equal(all.Skip(120).Take(40));
        across.Archive.Batches.Should().Be(1);
        across.Archive.BytesFetched.Should().BePositive();
        across.Archive.Elapsed.Should().BePositive();
        (await scene.Reading.ReadTimeRangeAsync(all[140].RecordedAt, cancellationToken: Cancellation))
            .Archive.Should().BeEquivalentTo(ArchiveScan.None, "it is all in the database");
    }

    private static async Task ReplayAsync(ArchiveScene scene, IReadOnlyList<EventEnvelope> all)
    {
        var handled = new ConcurrentQueue<EventEnvelope>();
        var replay = new Replay(scene.Reading, scene.Reading);
        var handler = new ReplayHandler("all", (envelope, _) =>
        {
            handled.Enqueue(envelope);
            return ValueTask.CompletedTask;
        });

        var report = await replay.RunAsync(new ReplaySelection(), [handler], cancellationToken: Cancellation);

        handled.Should().Equal(all);
        report.HandledEvents.Should().Be(200);
        report.Archive!.Batches.Should().Be(4, "140 events are four batches of 40 and less");
        report.Archive.Frames.Should().Be(4);
        (report.Archive.Partitions, report.Archive.BytesFetched).Should().Match<(int Partitions, long Bytes)>(
            scan => scan.Partitions >= 2 && scan.Bytes > 0);
        var hot = await replay.RunAsync(
            new ReplaySelection { After = all[139].Position }, [handler], cancellationToken: Cancellation);
        (hot.HandledEvents, hot.Archive).Should().Be((60, null));
    }
}
