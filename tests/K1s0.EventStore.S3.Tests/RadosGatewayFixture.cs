using Amazon.Runtime;
using Amazon.S3;
using K1s0.EventStore.TestServers;

[assembly: AssemblyFixture(typeof(K1s0.EventStore.S3.Tests.RadosGatewayFixture))]

namespace K1s0.EventStore.S3.Tests;

/// <summary>One S3 server for all tests of this program, and a client with its credentials.</summary>
public sealed class RadosGatewayFixture : IAsyncLifetime
{
    private RadosGateway? _server;
    private AmazonS3Client? _client;
    private readonly SemaphoreSlim _making = new(1, 1);
    private int _buckets;

    public RadosGateway Server => _server ?? throw new InvalidOperationException("The server has not been started.");

    public IAmazonS3 Client => _client ?? throw new InvalidOperationException("The server has not been started.");

    public async ValueTask InitializeAsync()
    {
        _server = await RadosGateway.StartAsync();
        _client = MakeClient(Server.AccessKey, Server.SecretKey);
    }

    public async ValueTask DisposeAsync()
    {
        _making.Dispose();
        _client?.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    public AmazonS3Client MakeClient(string accessKey, string secretKey, int retries = 2) => new(
        new BasicAWSCredentials(accessKey, secretKey),
        new AmazonS3Config
        {
            ServiceURL = Server.Endpoint.AbsoluteUri,
            ForcePathStyle = true,
            AuthenticationRegion = "us-east-1",
            MaxErrorRetry = retries,
        });

    /// <summary>The name of a new, empty bucket.</summary>
    public async Task<string> MakeBucketAsync()
    {
        // One at a time: what a server makes of two at the same moment is not what is tested here.
        await _making.WaitAsync();
        try
        {
            var bucket = $"archive-{++_buckets}";
            await Client.PutBucketAsync(bucket);
            return bucket;
        }
        finally
        {
            _making.Release();
        }
    }
}
