using K1s0.EventStore.Archive;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.S3.Tests;

public sealed class S3PublishedLogTests(RadosGatewayFixture fixture) : ObjectPublishedLogSuite
{
    protected override async Task<IReplaceableObjectStore> CreateObjectsAsync() => new S3ObjectStore(
        fixture.Client, new S3Options { Bucket = await fixture.MakeBucketAsync(), CheckServer = false });
}
