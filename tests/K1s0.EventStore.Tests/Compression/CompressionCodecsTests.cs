using K1s0.EventStore.Compression;
using Microsoft.Extensions.DependencyInjection;

namespace K1s0.EventStore.Tests.Compression;

public sealed class CompressionCodecsTests
{
    [Fact]
    public void The_system_has_zstd_here_and_then_it_is_preferred()
    {
        CompressionCodecs.IsZstdAvailable.Should().BeTrue("tests/install-prerequisites.sh installs libzstd1");
        CompressionCodecs.OfSystem.Preferred.Format.Should().Be(CompressionFormat.Zstd);
        CompressionCodecs.OfSystem.For(CompressionFormat.Brotli).Format.Should().Be(CompressionFormat.Brotli);
    }

    [Fact]
    public void Without_zstd_brotli_is_preferred() =>
        CompressionCodecs.Choose(zstd: false).Preferred.Format.Should().Be(CompressionFormat.Brotli);

    [Fact]
    public void A_library_that_is_not_there_is_named_with_the_package_to_install()
    {
        var missing = FluentActions.Invoking(() => ZstdLibrary.Load(["libzstd-of-nowhere.so", "libother.so"]))
            .Should().Throw<CompressionUnavailableException>().Which;

        missing.Format.Should().Be(CompressionFormat.Zstd);
        missing.Message.Should().Contain("libzstd-of-nowhere.so").And.Contain("libother.so").And.Contain("libzstd1");
    }

    [Fact]
    public void A_library_that_is_another_one_is_passed_over() =>
        FluentActions.Invoking(() => ZstdLibrary.Load(["libc.so.6"]))
            .Should().Throw<CompressionUnavailableException>();

    [Fact]
    public void The_library_that_the_environment_names_is_the_only_one_that_is_tried()
    {
        ZstdLibrary.Names("/opt/zstd/libzstd.so").Should().Equal("/opt/zstd/libzstd.so");
        ZstdLibrary.Names(named: null).Should().HaveCountGreaterThan(1);
        ZstdLibrary.Names(string.Empty).Should().HaveCountGreaterThan(1);
    }

    [Fact]
    public void A_codec_of_the_application_goes_before_that_of_the_system()
    {
        var own = new OwnCodec();

        // snippet: own-codec
        var services = new ServiceCollection();
        services.AddSingleton(new CompressionCodecs(own));
        services.AddEventStore().UseInMemory();
        // end-snippet
        using var provider = services.BuildServiceProvider();

        var codecs = provider.GetRequiredService<CompressionCodecs>();
        codecs.Preferred.Compress("{}"u8);
        own.Compressed.Should().Be(1);
        codecs.For(CompressionFormat.Zstd).Should().BeSameAs(own);
        codecs.For(CompressionFormat.Brotli).Should().NotBeSameAs(own);
        new CompressionCodecs(CompressionCodecs.Brotli(), own).For(CompressionFormat.Zstd).Should().BeSameAs(own);
    }

    [Fact]
    public void An_application_that_brings_none_gets_those_of_the_system()
    {
        var services = new ServiceCollection();
        services.AddEventStore().UseInMemory();
        using var provider = services.BuildServiceProvider();

        provider.GetRequiredService<CompressionCodecs>().Should().BeSameAs(CompressionCodecs.OfSystem);
    }

    [Fact]
    public void Formats_that_are_unknown_or_need_no_codec_are_told_apart()
    {
        FluentActions.Invoking(() => CompressionCodecs.OfSystem.For((CompressionFormat)9))
            .Should().Throw<UnsupportedFormatException>().Which.FoundVersion.Should().Be(9);
        FluentActions.Invoking(() => CompressionCodecs.OfSystem.For(CompressionFormat.None))
            .Should().Throw<ArgumentException>();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    public void A_level_is_1_to_19(int level) =>
        FluentActions.Invoking(() => CompressionCodecs.Zstd(level)).Should().Throw<ArgumentOutOfRangeException>();

    [Fact]
    public void The_numbers_of_the_formats_never_change() =>
        (CompressionFormat.None, CompressionFormat.Zstd, CompressionFormat.Brotli)
            .Should().Be(((CompressionFormat)0, (CompressionFormat)1, (CompressionFormat)2));
}
