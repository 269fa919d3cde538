using K1s0.EventStore.Benchmarks.Appends;
using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Feed;

namespace K1s0.EventStore.Benchmarks.Ledger;

/// <summary>
/// How long after an append begins its event is under a signed head, with a sealer that works every 200 ms. The other
/// side reads a plain table as often.
/// </summary>
internal sealed class AppendToSealedScenario : SidesInTurn
{
    private static readonly TimeSpan SealEvery = TimeSpan.FromMilliseconds(200);

    private int _lastSeed;

    public override string Name => "append-to-sealed";

    public override IReadOnlyList<Figure> Figures { get; } =
    [
        new Figure("append-to-sealed-p50", "ms", null, IsTime: true),
        new Figure("append-to-sealed", "ms p99", Goal.OursLessThan(500, 300, "ms"), IsTime: true),
    ];

    protected override async Task<IReadOnlyList<double>> MeasureOursAsync(TimeSpan duration)
    {
        var sealer = new BenchmarkLog(Database).Sealer();
        await BenchmarkLog.SealAllAsync(sealer);
        var size = (await Database.Ledger.GetHeadAsync(CancellationToken.None)).Size;
        await using var follower = new PacedFollower(new SealedFollower(Database.Ledger, sealer, size), SealEvery);
        return await MeasureAsync(
            follower, batch => Database.Store.AppendAsync(batch.StreamId, batch.Envelopes, batch.Version), duration);
    }

    protected override async Task<IReadOnlyList<double>> MeasurePlainAsync(TimeSpan duration)
    {
        await using var follower = new PacedFollower(await PlainFollower.ConnectAsync(Database.Plain), SealEvery);
        await using var connection = await Database.Plain.OpenConnectionAsync();
        await using var insert = await PlainInsert.PrepareAsync(connection);
        return await MeasureAsync(follower, insert.ExecuteAsync, duration);
    }

    private async Task<IReadOnlyList<double>> MeasureAsync(
        PacedFollower follower, Func<AppendBatch, Task> append, TimeSpan duration)
    {
        var sorted = await new LiveRun(follower, new LiveWriter(append, ++_lastSeed)).RunAsync(duration);
        return [Percentile(sorted, 0.5), Percentile(sorted, 0.99)];
    }

    private static double Percentile(IReadOnlyList<double> sorted, double part) =>
        sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * part))];
}
