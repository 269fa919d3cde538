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

        FluentActions.Invoking(() => provider.GetRequiredService<IObjectStore>())
            .Should().Throw<OptionsValidationException>().WithMessage($"*{named}*");
    }
}
