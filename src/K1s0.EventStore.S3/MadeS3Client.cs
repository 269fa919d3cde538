using Amazon;
using Amazon.S3;

namespace K1s0.EventStore.S3;

/// <summary>The client that is made for options when the application brings none.</summary>
internal sealed class MadeS3Client(S3Options options) : AmazonS3Client(ConfigurationOf(options))
{
    private static AmazonS3Config ConfigurationOf(S3Options options)
    {
        var configuration = new AmazonS3Config { ForcePathStyle = options.ForcePathStyle };
        if (options.ServiceUrl is { } url)
        {
            configuration.ServiceURL = url.AbsoluteUri;
            configuration.AuthenticationRegion = options.Region;
        }
        else
        {
            configuration.RegionEndpoint = RegionEndpoint.GetBySystemName(options.Region);
        }

        return configuration;
    }
}
