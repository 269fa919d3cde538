using System.Diagnostics;
using K1s0.EventStore.Compression;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Tests.Compression;

/// <summary>The zstd program reads what the codec wrote, and the other way round.</summary>
public sealed class ZstdProgramTests : IDisposable
{
    private const int MiB = 1024 * 1024;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("k1s0-zstd-");
    private readonly byte[] _content = Samples.Events(SeededRandom.Create(), MiB);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(19)]
    public async Task The_program_reads_what_the_codec_wrote(int level)
    {
        var frame = CompressionCodecs.Zstd(level).Compress(_content);

        (await ZstdAsync(frame, "-d", "-c")).Should().Equal(_content);
        (await ZstdAsync(frame[..^1], "-d", "-c")).Should().BeNull("the program finds the cut as well");
    }

    [Fact]
    public async Task The_codec_reads_what_the_program_wrote_with_and_without_the_size_in_the_frame()
    {
        var file = Path.Combine(_directory.FullName, "content");
        await File.WriteAllBytesAsync(file, _content, Cancellation);
        var sized = (await ZstdAsync([], "-c", file))!;
        var unsized = (await ZstdAsync(_content, "-c"))!;

        CompressionCodecs.Zstd().ReadContentLength(sized).Should().Be(_content.Length);
        CompressionCodecs.Zstd().ReadContentLength(unsized).Should().BeNull();
        foreach (var frame in new[] { sized, unsized })
        {
            CompressionCodecs.Zstd().Decompress(frame, 2 * MiB).Should().Equal(_content);
            FluentActions.Invoking(() => CompressionCodecs.Zstd().Decompress(frame, _content.Length - 1))
                .Should().Throw<DecompressionException>().Which.Fault.Should().Be(DecompressionFault.TooLarge);
        }
    }

    [Fact]
    public async Task A_bomb_that_hides_its_size_is_refused_within_the_limit()
    {
        var bomb = (await ZstdAsync(new byte[64 * MiB], "-c"))!;

        FluentActions.Invoking(() => CompressionCodecs.Zstd().Decompress(bomb, MiB))
            .Should().Throw<DecompressionException>().Which.Fault.Should().Be(DecompressionFault.TooLarge);
    }

    [Fact]
    public async Task Both_use_one_dictionary()
    {
        var random = SeededRandom.Create();
        var dictionary = CompressionDictionary.Train(
            [.. Enumerable.Range(0, 500).Select(_ => (ReadOnlyMemory<byte>)Samples.Event(random))]);
        var file = Path.Combine(_directory.FullName, "dictionary");
        await File.WriteAllBytesAsync(file, dictionary.Content.ToArray(), Cancellation);
        var content = Samples.Event(random);

        (await ZstdAsync(CompressionCodecs.Zstd().Compress(content, dictionary), "-d", "-c", "-D", file))
            .Should().Equal(content);
        CompressionCodecs.Zstd().Decompress((await ZstdAsync(content, "-c", "-D", file))!, 1_000, dictionary)
            .Should().Equal(content);
    }

    // What the program wrote; null when it refused.
    private static async Task<byte[]?> ZstdAsync(byte[] input, params string[] arguments)
    {
        var start = new ProcessStartInfo("zstd", ["-q", .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        using var output = new MemoryStream();
        var reading = process.StandardOutput.BaseStream.CopyToAsync(output, Cancellation);
        var error = process.StandardError.ReadToEndAsync(Cancellation);
        await process.StandardInput.BaseStream.WriteAsync(input, Cancellation);
        process.StandardInput.Close();
        await reading;
        await process.WaitForExitAsync(Cancellation);
        await error;
        return process.ExitCode == 0 ? output.ToArray() : null;
    }
}
