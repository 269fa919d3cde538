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

    public Action<PutObjectRequest>? Changes { get; init; }

    /// <summary>Done when the first put comes, before it goes out.</summary>
    public Func<Task>? BeforeFirstPut { get; init; }

    /// <summary>Whether the answers of deletes are lost.</summary>
    public bool LosesDeletes { get; init; }

    public int Puts => _puts;

    public override async Task<DeleteObjectResponse> DeleteObjectAsync(
        DeleteObjectRequest request, CancellationToken cancellationToken = default)
    {
        var response = await base.DeleteObjectAsync(request, cancellationToken);
        return LosesDeletes ? throw new HttpRequestException("The answer is lost.") : response;
    }

    public override async Task<PutObjectResponse> PutObjectAsync(
        PutObjectRequest request, CancellationToken cancellationToken = default)
    {
        if (Interlocked.Increment(ref _puts) == 1 && BeforeFirstPut is { } before)
        {
            await before();
        }

        Changes?.Invoke(request);
        return await base.PutObjectAsync(request, cancellationToken);
    }
}
