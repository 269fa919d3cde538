using System.Diagnostics;
using System.Globalization;
using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Events;
using K1s0.EventStore.Benchmarks.Integrity;
using K1s0.EventStore.Benchmarks.Servers;

namespace K1s0.EventStore.Benchmarks.Ledger;

/// <summary>
/// Verifies a whole sealed store, read from the server: all chains, all leaves, the tree and its head. The other side
/// is SHA-256 alone on one core over the same byte strings, laid out beforehand; in the second row it is the verifier
/// itself on one core.
/// </summary>
internal sealed class VerifyStoreScenario : SidesInTurn
{
    private const int Streams = 10_000;
    private const int EventsPerStream = 20;
    private const int EventCount = Streams * EventsPerStream;

    private HashInputs? _inputs;

    public override string Name => "verify-store";

    public override IReadOnlyList<Figure> Figures { get; } =
    [
        new Figure("verify-store", "events/s", Goal.RatioAtLeast(0.5, 0.8)),
        new Figure("verify-store-two-cores", "events/s", Goal.RatioAtLeast(1.1, 1.6)),
    ];

    public override IReadOnlyList<string> Notes =>
    [
        string.Create(
            CultureInfo.InvariantCulture,
            $"{_inputs?.BytesPerEvent:0} bytes an event in six hashes, {Environment.ProcessorCount} processors"),
    ];

    public override async Task SetUpAsync(BenchmarkDatabase database)
    {
        await base.SetUpAsync(database);
        var history = new StoredHistory(database, EventsPerStream);
        await history.FillAsync(Streams);
        await database.ExecuteAsync("vacuum");
        var events = new List<EventEnvelope>();
        foreach (var stream in history.Sample)
        {
            events.AddRange(await database.Store.LoadAsync(stream));
        }

        _inputs = new HashInputs(events, isSealed: true);
        var sealer = new BenchmarkLog(database).Sealer();
        await BenchmarkLog.SealAllAsync(sealer);
        await sealer.ReleaseAsync();
    }

    protected override async Task<IReadOnlyList<double>> MeasureOursAsync(TimeSpan duration)
    {
        var rate = await VerifyAsync(Math.Max(2, Environment.ProcessorCount), duration);
        return [rate, rate];
    }

    protected override async Task<IReadOnlyList<double>> MeasurePlainAsync(TimeSpan duration) =>
    [
        await Workers.RateAsync([new HashAlone(_inputs!.Separate)], duration / 2),
        await VerifyAsync(1, duration / 2),
    ];

    private async Task<double> VerifyAsync(int lanes, TimeSpan duration)
    {
        var verifier = new StoreVerifier(
            new VerifiedRoles(Database.Feed, Database.Streams, Database.Store, Database.Catalog, Database.Ledger),
            new StoreVerifierOptions { Lanes = lanes });
        var (count, elapsed) = (0L, TimeSpan.Zero);
        while (elapsed < duration)
        {
            var began = Stopwatch.GetTimestamp();
            var verification = await verifier.VerifyAsync();
            elapsed += Stopwatch.GetElapsedTime(began);
            count += verification is { IsValid: true, Events: EventCount, SealedLeaves: EventCount }
                ? EventCount
                : throw new InvalidOperationException($"{verification}");
        }

        return count / elapsed.TotalSeconds;
    }
}
