using K1s0.EventStore.Benchmarks.Appends;
using K1s0.EventStore.Benchmarks.Comparing;

namespace K1s0.EventStore.Benchmarks.Ledger;

/// <summary>What the sealer takes from the writers of its own process. The other side is the store without it.</summary>
internal sealed class AppendWhileSealingScenario : SidesInTurn
{
    private const int WriterCount = 32;
    private const int EventsPerStream = 10;

    private static readonly TimeSpan SealEvery = TimeSpan.FromMilliseconds(200);

    private int _lastSeed;
    private int _sealed;

    public override string Name => "append-while-sealing";

    public override IReadOnlyList<Figure> Figures { get; } =
        [new Figure("append-while-sealing", "events/s", Goal.RatioAtLeast(0.95, 0.98))];

    public override IReadOnlyList<string> Notes => [$"{_sealed} events sealed meanwhile in the last repetition"];

    protected override async Task<IReadOnlyList<double>> MeasureOursAsync(TimeSpan duration)
    {
        var sealer = await BeginAsync();
        using var stop = new CancellationTokenSource();
        var sealing = Task.Run(() => SealAsync(sealer, stop.Token));
        var rate = await AppendAsync(duration);
        await stop.CancelAsync();
        _sealed = await sealing;
        await sealer.ReleaseAsync();
        return [rate];
    }

    protected override async Task<IReadOnlyList<double>> MeasurePlainAsync(TimeSpan duration)
    {
        await (await BeginAsync()).ReleaseAsync();
        return [await AppendAsync(duration)];
    }

    private static async Task<int> SealAsync(LogSealer sealer, CancellationToken stop)
    {
        var count = 0;
        using var timer = new PeriodicTimer(SealEvery);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                count += await BenchmarkLog.SealAllAsync(sealer);
            }
        }
        catch (OperationCanceledException)
        {
            // The measurement is over.
        }

        return count;
    }

    // Alike for both sides: nothing is unsealed, and the server has written out what sealing it took.
    private async Task<LogSealer> BeginAsync()
    {
        var sealer = new BenchmarkLog(Database).Sealer();
        await BenchmarkLog.SealAllAsync(sealer);
        await Database.TryCheckpointAsync();
        return sealer;
    }

    private Task<double> AppendAsync(TimeSpan duration) => Workers.RateAsync(
        [
            .. Enumerable.Range(0, WriterCount)
                .Select(_ => new OurWriter(Database.Store, new BatchSource(++_lastSeed, 1, EventsPerStream))),
        ],
        duration);
}
