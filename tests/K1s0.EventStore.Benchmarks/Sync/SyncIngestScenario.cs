using System.Diagnostics;
using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Servers;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.Sync;

namespace K1s0.EventStore.Benchmarks.Sync;

/// <summary>
/// An empty replica catches up with another one in the same process: read, encoded, compressed, sealed, decoded,
/// verified and kept in memory. The other side is the four hashes of each event alone.
/// </summary>
internal sealed class SyncIngestScenario : SidesInTurn
{
    private const int Events = 20_000;

    private readonly List<EventEnvelope> _envelopes = [];
    private ReplicaNode? _full;

    public override string Name => "sync-ingest";

    public override IReadOnlyList<Figure> Figures { get; } =
        [new Figure("sync-ingest", "events/s", Goal.OursAtLeast(200_000, 500_000, "events/s"))];

    public override async Task SetUpAsync(BenchmarkDatabase database)
    {
        await base.SetUpAsync(database);
        _full = await SyncNodes.OpenAsync();
        for (var i = 0; i < Events; i++)
        {
            _envelopes.Add(SyncNodes.SomeEvent(i));
            await _full.WriteAsync(_envelopes[^1]);
        }
    }

    protected override async Task<IReadOnlyList<double>> MeasureOursAsync(TimeSpan duration)
    {
        var (count, began) = (0L, Stopwatch.GetTimestamp());
        while (Stopwatch.GetElapsedTime(began) < duration)
        {
            using var empty = await SyncNodes.OpenAsync();
            count += (await SyncNodes.MeetAsync(_full!, empty)).EventsSent;
        }

        return [count / Stopwatch.GetElapsedTime(began).TotalSeconds];
    }

    protected override Task<IReadOnlyList<double>> MeasurePlainAsync(TimeSpan duration)
    {
        var (count, began, link) = (0L, Stopwatch.GetTimestamp(), default(Sha256Digest));
        while (Stopwatch.GetElapsedTime(began) < duration)
        {
            foreach (var envelope in _envelopes)
            {
                link = StreamChain.Next(link, ++count, link, ContentDigest.Compute(envelope));
            }
        }

        return Task.FromResult<IReadOnlyList<double>>([count / Stopwatch.GetElapsedTime(began).TotalSeconds]);
    }
}
