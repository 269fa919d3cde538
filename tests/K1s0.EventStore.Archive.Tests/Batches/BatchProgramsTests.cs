using System.Diagnostics;
using System.Globalization;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>Batches are read by programs that know nothing of us: zstd and jq.</summary>
public sealed class BatchProgramsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("k1s0-batches-");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task The_zstd_program_prints_the_lines_and_jq_reads_them()
    {
        var events = (await Corpus.Create().OrdersAsync(1_000)).Concat([]).ToList();
        var batch = EventBatchTests.Write(events);
        var file = Path.Combine(_folder.FullName, "one.batch.zst");
        await File.WriteAllBytesAsync(file, batch.Content.ToArray(), Cancellation);

        var lines = await RunAsync("zstd", ["-d", "-c", "-q", file]);
        lines.Count(character => character == '\n').Should().Be(1_000);
        System.Text.Encoding.UTF8.GetByteCount(lines).Should().Be((int)batch.Index.ContentLength);
        var plain = Path.Combine(_folder.FullName, "lines");
        await File.WriteAllTextAsync(plain, lines, Cancellation);
        var read = await RunAsync("jq", ["-r", """[.position, .id, .streamId, .version, .payload.orderId] | @tsv""", plain]);

        read.TrimEnd('\n').Split('\n').Should().Equal(events.Select(envelope => string.Create(
            CultureInfo.InvariantCulture,
            $"{envelope.Position}\t{envelope.Id}\t{envelope.StreamId.AggregateId}\t{envelope.Version}\t{envelope.StreamId.AggregateId}")));
    }

    [Fact]
    public async Task Strange_events_are_read_by_both_as_well()
    {
        var events = await Corpus.StrangeAsync();
        var file = Path.Combine(_folder.FullName, "strange.batch.zst");
        await File.WriteAllBytesAsync(file, EventBatchTests.Write(events).Content.ToArray(), Cancellation);
        var plain = Path.Combine(_folder.FullName, "lines");
        await RunAsync("zstd", ["-d", "-q", file, "-o", plain]);

        (await RunAsync("jq", ["-r", ".streamId", plain])).TrimEnd('\n').Split('\n')
            .Should().Equal(events.Select(envelope => envelope.StreamId.AggregateId));
    }

    private static async Task<string> RunAsync(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var error = process.StandardError.ReadToEndAsync(Cancellation);
        var output = await process.StandardOutput.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        (process.ExitCode, await error).Should().Be((0, string.Empty));
        return output;
    }
}
