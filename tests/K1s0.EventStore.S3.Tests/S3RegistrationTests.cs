using Amazon.S3;
using K1s0.EventStore.Archive;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace K1s0.EventStore.S3.Tests;

public sealed class S3RegistrationTests(RadosGatewayFixture fixture)
{
    [Fact]
    public void The_archive_is_registered_by_one_verb_twice_as_well()
    {
        var services = new ServiceCollection();

        // snippet: s3-archive
        services.AddEventStore()
            .UseInMemory()
            .AddS3Archive(options =>
            {
                options.Bucket = "events";
                options.Prefix = "orders/";
            });
        // end-snippet
        services.AddSingleton(fixture.Client);
        services.AddEventStore().AddS3Archive(options => options.ListPageSize = 5);
        using var provider = services.BuildServiceProvider();

        provider.GetRequiredService<IObjectStore>().Should().BeOfType<S3ObjectStore>()
            .And.BeSameAs(provider.GetRequiredService<S3ObjectStore>());
        provider.GetRequiredService<IOptions<S3Options>>().Value.Should().BeEquivalentTo(
            new { Bucket = "events", Prefix = "orders/", ListPageSize = 5 });
        provider.GetServices<IObjectStore>().Should().ContainSingle();
    }

    [Fact]
    public void A_client_is_made_for_the_address_when_the_application_brings_none()
    {
        var services = new ServiceCollection();
        services.AddEventStore().AddS3Archive(options =>
        {
            options.Bucket = "events";
            options.ServiceUrl = fixture.Server.Endpoint;
            options.ForcePathStyle = true;
        });
        using var provider = services.BuildServiceProvider();

        var configuration = (AmazonS3Config)provider.GetRequiredService<IAmazonS3>().Config;

        (configuration.ServiceURL, configuration.ForcePathStyle, configuration.AuthenticationRegion)
            .Should().Be((fixture.Server.Endpoint.AbsoluteUri, true, "us-east-1"));
    }

    [Fact]
    public void Another_object_store_is_not_replaced()
    {
        var services = new ServiceCollection();
        services.AddSingleton<IObjectStore>(new FileObjectStore("archive"));

        FluentActions.Invoking(() => services.AddEventStore().AddS3Archive(options => options.Bucket = "events"))
            .Should().Throw<InvalidOperationException>();
    }

    [Fact]
    public async Task Named_stores_have_buckets_of_their_own_and_the_client_of_the_application()
    {
        var services = new ServiceCollection();
        services.AddSingleton(fixture.Client);
        var (one, two) = (await fixture.MakeBucketAsync(), await fixture.MakeBucketAsync());
        foreach (var name in new[] { one, two, one })
        {
            services.AddEventStore().AddS3Archive(name, options => options.Bucket = name);
        }

        var key = new ObjectKey("a.json");
        await using (var provider = services.BuildServiceProvider())
        {
            await provider.GetRequiredKeyedService<IObjectStore>(one).PutIfAbsentAsync(key, "1"u8.ToArray());

            (await provider.GetRequiredKeyedService<IObjectStore>(one).HeadAsync(key)).Should().NotBeNull();
            (await provider.GetRequiredKeyedService<IObjectStore>(two).HeadAsync(key)).Should().BeNull();
            provider.GetKeyedServices<IObjectStore>(one).Should().ContainSingle();
            provider.GetService<IObjectStore>().Should().BeNull("there is no store without a name");
        }

        (await fixture.Client.GetObjectMetadataAsync(one, "a.json")).ContentLength
            .Should().Be(1, "the client of the application is not ours to dispose");
    }

    [Fact]
    public void A_client_that_is_made_for_one_store_is_not_that_of_another()
    {
        var services = new ServiceCollection();
        services.AddEventStore()
            .AddS3Archive(options => (options.Bucket, options.ServiceUrl) = ("events", new Uri("http://one.test/")))
            .AddS3Archive(
                "two", options => (options.Bucket, options.ServiceUrl) = ("events", new Uri("http://two.test/")));
        using var provider = services.BuildServiceProvider();

        provider.GetRequiredService<S3ObjectStore>().Client.Config.ServiceURL.Should().Be("http://one.test/");
        provider.GetRequiredKeyedService<S3ObjectStore>("two").Client.Config.ServiceURL
            .Should().Be("http://two.test/");
    }

    public static TheoryData<string, Action<S3Options>> Wrong => new()
    {
        { "Bucket", options => options.Bucket = "" },
        { "Bucket", options => options.Bucket = "ab" },
        { "Prefix", options => options.Prefix = "orders" },
        { "Prefix", options => options.Prefix = "/" },
        { "Prefix", options => options.Prefix = "../" },
        { "ListPageSize", options => options.ListPageSize = 0 },
        { "MaxConflictRetries", options => options.MaxConflictRetries = 21 },
        { "EncryptionKeyId", options => options.EncryptionKeyId = "key" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Options_that_cannot_work_are_refused(string named, Action<S3Options> configure)
    {
        var services = new ServiceCollection();
        services.AddEventStore().AddS3Archive(options =>
        {
            options.Bucket = "events";
            configure(options);
        });
        using var provider = services.BuildServiceProvider();
        var wrong = new S3Options { Bucket = "events" };
        configure(wrong);

        FluentActions.Invoking(() => provider.GetRequiredService<IObjectStore>())
            .Should().Throw<OptionsValidationException>().WithMessage($"*{named}*");
        FluentActions.Invoking(() => new S3ObjectStore(fixture.Client, wrong))
            .Should().Throw<ArgumentException>().WithMessage($"*{named}*");
    }
}
