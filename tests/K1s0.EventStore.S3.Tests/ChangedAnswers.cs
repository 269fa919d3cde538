using Amazon.Runtime;
using Amazon.S3;

namespace K1s0.EventStore.S3.Tests;

/// <summary>
/// Stands between a client and the real server: a test lets requests through, answers them itself, or changes the
/// answers.
/// </summary>
/// <param name="answer">Answers a request; the second argument sends it to the server.</param>
internal sealed class ChangedAnswers(
    Func<HttpRequestMessage, Func<Task<HttpResponseMessage>>, Task<HttpResponseMessage>> answer) : HttpClientFactory
{
    /// <summary>A client of the server whose answers are changed. It repeats nothing by itself.</summary>
    public AmazonS3Client MakeClient(RadosGatewayFixture fixture) => new(
        new BasicAWSCredentials(fixture.Server.AccessKey, fixture.Server.SecretKey),
        new AmazonS3Config
        {
            ServiceURL = fixture.Server.Endpoint.AbsoluteUri,
            ForcePathStyle = true,
            AuthenticationRegion = "us-east-1",
            MaxErrorRetry = 0,
            HttpClientFactory = this,
        });

    public override HttpClient CreateHttpClient(IClientConfig clientConfig) => new(new Between(answer));

    /// <summary>The answer with another body; its headers stay, but for the length.</summary>
    public static async Task<HttpResponseMessage> WithBodyAsync(
        HttpResponseMessage response, Func<byte[], byte[]> change)
    {
        var body = new ByteArrayContent(change(await response.Content.ReadAsByteArrayAsync()));
        foreach (var (name, values) in response.Content.Headers.Where(header => header.Key is not "Content-Length"))
        {
            body.Headers.Add(name, values);
        }

        response.Content = body;
        return response;
    }

    private sealed class Between(
        Func<HttpRequestMessage, Func<Task<HttpResponseMessage>>, Task<HttpResponseMessage>> answer)
        : DelegatingHandler(new SocketsHttpHandler { AllowAutoRedirect = false })
    {
        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken) =>
            answer(request, () => base.SendAsync(request, cancellationToken));
    }
}
