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
    public static IEventStoreBuilder AddS3Archive(this IEventStoreBuilder builder, Action<S3Options> configure) =>
        builder.AddS3Archive(string.Empty, configure);

    /// <summary>
    /// The same for a named store, whose archive is a bucket or a prefix of its own: <see cref="IObjectStore"/> is
    /// registered with the name as its key, and the options are those of the name. The client is the application's
    /// <see cref="IAmazonS3"/> of that key, or the one without a key.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="name">The key of the store; empty for the one without a key.</param>
    /// <param name="configure">Names the bucket; validated when the application starts.</param>
    /// <exception cref="InvalidOperationException">Another object store is registered under this name.</exception>
    public static IEventStoreBuilder AddS3Archive(
        this IEventStoreBuilder builder, string name, Action<S3Options> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(configure);
        var services = builder.Services;
        services.AddOptions<S3Options>(name).Configure(configure).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<S3Options>, S3OptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<S3Options>, S3OptionsRules>());
        if (IsRegistered(services, typeof(S3ObjectStore), name))
        {
            return builder;
        }

        if (IsRegistered(services, typeof(IObjectStore), name))
        {
            throw new InvalidOperationException($"Another object store is registered for the archive \"{name}\".");
        }

        if (name.Length == 0)
        {
            services.TryAddSingleton<IAmazonS3>(static provider => new MadeS3Client(OptionsOf(provider, string.Empty)));
            services.AddSingleton(static provider => Make(
                provider, string.Empty, provider.GetRequiredService<IAmazonS3>()));
            services.AddSingleton<IObjectStore>(static provider => provider.GetRequiredService<S3ObjectStore>());
            return builder;
        }

        services.AddKeyedSingleton(name, static (provider, key) => new MadeS3Client(OptionsOf(provider, key)));
        services.AddKeyedSingleton(name, static (provider, key) => Make(provider, key, ClientOf(provider, key)));
        services.AddKeyedSingleton<IObjectStore>(
            name, static (provider, key) => provider.GetRequiredKeyedService<S3ObjectStore>(key));
        return builder;
    }

    private static bool IsRegistered(IServiceCollection services, Type type, string name) => services.Any(
        service => service.ServiceType == type
            && (name.Length == 0 ? service.ServiceKey is null : name.Equals(service.ServiceKey)));

    // The application's is not registered anew under the key: it would be disposed with the container then. And one
    // that is made for the options without a key is none for another server.
    private static IAmazonS3 ClientOf(IServiceProvider provider, object? key) =>
        provider.GetKeyedService<IAmazonS3>(key)
        ?? (provider.GetService<IAmazonS3>() is { } client and not MadeS3Client ? client : null)
        ?? provider.GetRequiredKeyedService<MadeS3Client>(key);

    private static S3ObjectStore Make(IServiceProvider provider, object? key, IAmazonS3 client) => new(
        client, OptionsOf(provider, key), provider.GetRequiredService<TimeProvider>());

    private static S3Options OptionsOf(IServiceProvider provider, object? key) =>
        provider.GetRequiredService<IOptionsMonitor<S3Options>>().Get((string)key!);
}
