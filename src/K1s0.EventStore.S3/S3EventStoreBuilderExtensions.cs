using Amazon;
using Amazon.S3;
using K1s0.EventStore;
using K1s0.EventStore.Archive;
using K1s0.EventStore.S3;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers archives in S3.</summary>
public static class S3EventStoreBuilderExtensions
{
    /// <summary>
    /// Keeps the objects of the archive in a bucket: registers <see cref="IObjectStore"/>. Takes the application's
    /// <see cref="IAmazonS3"/> if it registers one; otherwise a client is made for <see cref="S3Options.ServiceUrl"/>,
    /// with the credentials that the SDK finds. Calling it again is harmless.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Names the bucket; validated when the application starts.</param>
    /// <exception cref="InvalidOperationException">Another object store is registered.</exception>
    public static IEventStoreBuilder AddS3Archive(this IEventStoreBuilder builder, Action<S3Options> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        var services = builder.Services;
        services.AddOptions<S3Options>().Configure(configure).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<S3Options>, S3OptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<S3Options>, S3OptionsRules>());
        services.TryAddSingleton<IAmazonS3>(static provider => MakeClient(Options(provider)));
        if (services.Any(service => service.ServiceType == typeof(S3ObjectStore)))
        {
            return builder;
        }

        if (services.Any(service => service.ServiceType == typeof(IObjectStore)))
        {
            throw new InvalidOperationException("Another object store is registered for the archive.");
        }

        services.AddSingleton(static provider => new S3ObjectStore(
            provider.GetRequiredService<IAmazonS3>(), Options(provider), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IObjectStore>(static provider => provider.GetRequiredService<S3ObjectStore>());
        return builder;
    }

    private static S3Options Options(IServiceProvider provider) =>
        provider.GetRequiredService<IOptions<S3Options>>().Value;

    private static AmazonS3Client MakeClient(S3Options options)
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

        return new AmazonS3Client(configuration);
    }
}
