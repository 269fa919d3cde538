using K1s0.EventStore.Archive;
using K1s0.EventStore.Postgres.Tests.Partitions;
using K1s0.EventStore.TestServers;

namespace K1s0.EventStore.Postgres.Tests.Archiving;

/// <summary>
/// An archiver is killed at each of its steps: every event is read before and after, and another archiver goes on.
/// </summary>
[Trait("Invariant", "I29")]
[Trait("Invariant", "I30")]
[Trait("Invariant", "I31")]
public sealed class ArchiverKillTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private const int Killed = 137;

    /// <summary>Where the folder comes in; at the other steps any bucket does, that of the server.</summary>
    public static TheoryData<string> Steps => [.. ArchiverProcess.Steps.Where(ArchiverProcess.IsOfBucket)];

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task Killed_at_a_step_it_leaves_every_event_readable_and_another_one_goes_on(string step)
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
        foreach (var step in ArchiverProcess.Steps)
        {
            await client.PutBucketAsync(step);
            var bucket = $"{server.Endpoint} {server.AccessKey} {server.SecretKey} {step}";
            await KillAndGoOnAsync(bucket, ArchiverProcess.OpenBucket(bucket), step);
        }
    }

    private async Task KillAndGoOnAsync(string bucket, IObjectStore objects, string step)
    {
        await using var scene = await ArchiveScene.CreateAsync(database, objects);
        await scene.AppendAsync(Month.Ahead(-3), 20, 3);
        await scene.AppendAsync(Month.Ahead(-2), 20, 3);
        await scene.AppendAsync(Month.Ahead(0), 10, 3);
        var all = await ArchiveScene.FeedAsync(scene.Store.Store);

        (await ArchiverProcess.DieAsync(database.ConnectionString, scene.Store.Name, bucket, step))
            .Should().Be(Killed, step);

        (await ArchiveScene.FeedAsync(scene.Reading, pageSize: 6)).Should().Equal(all, step);
        (await scene.Archiver().ArchiveAsync()).IsLeader.Should().BeFalse("the lease of the dead still runs");
        await scene.Store.ExecuteAsync("update {s}.leases set expires_at = clock_timestamp()");
        var report = await scene.Archiver().ArchiveAsync();

        (report.IsLeader, report.Obstacle).Should().Be((true, null), step);
        (await scene.Store.ScalarAsync<long>("select count(*) from {s}.events")).Should().Be(10);
        (await ArchiveScene.FeedAsync(scene.Reopen(), pageSize: 6)).Should().Equal(all, step);
        foreach (var stream in all.GroupBy(envelope => envelope.StreamId))
        {
            (await scene.Reading.LoadAsync(stream.Key)).Should().Equal(stream, step);
        }

        var listing = (await new ArchiveManifests(objects).ReadLatestAsync(fromFirst: true))!;
        listing.EventCount.Should().Be(40, step);
    }
}
