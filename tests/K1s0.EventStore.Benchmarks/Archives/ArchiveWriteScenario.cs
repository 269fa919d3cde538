using System.Diagnostics;
using System.Globalization;
using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Servers;

namespace K1s0.EventStore.Benchmarks.Archives;

/// <summary>
/// Writes 100,000 events into batches in a folder: every digest and link checked, lines, compression, filters, index,
/// object flushed. The other side is the zstd program, which compresses the same lines at the same level.
/// </summary>
internal sealed class ArchiveWriteScenario : ArchiveScenario
{
    // What batches are compressed with.
    private const int Level = 3;

    private readonly List<string> _corpora = [];
    private int _attempts = 1;

    public override string Name => "archive-write";

    public override IReadOnlyList<Figure> Figures { get; } =
    [
        new Figure("archive-write", "events/s", Goal.OursAtLeast(50_000, 100_000, "events/s")),
        new Figure("archive-write-to-zstd", "MB/s", Goal.RatioAtLeast(0.6, 0.8)),
    ];

    public override IReadOnlyList<string> Notes =>
    [
        string.Create(
            CultureInfo.InvariantCulture,
            $"{History.Count:#,0} events, {Folder.ContentBytes / 1e6:0.0} MB of lines in {Folder.Keys.Count} batches"),
        .. _corpora,
    ];

    public override async Task SetUpAsync(BenchmarkDatabase database)
    {
        await base.SetUpAsync(database);
        await Folder.WriteLinesAsync();
        _corpora.AddRange(await CompressedCorpora.DescribeAsync(History));
    }

    protected override Task<IReadOnlyList<double>> MeasureOursAsync(TimeSpan duration) => RateAsync(duration, async () =>
    {
        await Folder.ClearAsync();
        await Folder.WriteAsync(Store, History, string.Create(CultureInfo.InvariantCulture, $"{++_attempts}"));
    });

    protected override Task<IReadOnlyList<double>> MeasurePlainAsync(TimeSpan duration) =>
        RateAsync(duration, () => Folder.CompressLinesAsync(Level));

    private async Task<IReadOnlyList<double>> RateAsync(TimeSpan duration, Func<Task> step)
    {
        var (count, began) = (0, Stopwatch.GetTimestamp());
        while (Stopwatch.GetElapsedTime(began) < duration)
        {
            await step();
            count++;
        }

        var perSecond = count / Stopwatch.GetElapsedTime(began).TotalSeconds;
        return [perSecond * History.Count, perSecond * Folder.ContentBytes / 1e6];
    }
}
