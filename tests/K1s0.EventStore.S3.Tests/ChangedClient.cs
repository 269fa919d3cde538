using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace K1s0.EventStore.S3.Tests;

/// <summary>A client whose requests a test changes, counts, or comes before.</summary>
internal sealed class ChangedClient(RadosGatewayFixture fixture) : AmazonS3Client(
    new BasicAWSCredentials(fixture.Server.AccessKey, fixture.Server.SecretKey),
    new AmazonS3Config
    {
        ServiceURL = fixture.Server.Endpoint.AbsoluteUri,
        ForcePathStyle = true,
        AuthenticationRegion = "us-east-1",
    })
{
    private int _puts;
    private int _copies;

    public Action<PutObjectRequest>? Changes { get; init; }

    /// <summary>Done before the first copy.</summary>
    public Func<Task>? BeforeCopy { get; init; }

    public int Puts => _puts;

    public int Copies => _copies;

    public override Task<PutObjectResponse> PutObjectAsync(
        PutObjectRequest request, CancellationToken cancellationToken = default)
    {
        Interlocked.Increment(ref _puts);
        Changes?.Invoke(request);
        return base.PutObjectAsync(request, cancellationToken);
    }

    public override async Task<CopyObjectResponse> CopyObjectAsync(
        CopyObjectRequest request, CancellationToken cancellationToken = default)
    {
        if (Interlocked.Increment(ref _copies) == 1 && BeforeCopy is { } before)
        {
            await before();
        }

        return await base.CopyObjectAsync(request, cancellationToken);
    }
}
