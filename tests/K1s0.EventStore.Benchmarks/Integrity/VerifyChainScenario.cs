using System.Globalization;
using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Events;
using K1s0.EventStore.Benchmarks.Servers;

namespace K1s0.EventStore.Benchmarks.Integrity;

/// <summary>
/// Verifies streams in memory. The other side is SHA-256 alone over the same byte strings, laid out beforehand: what
/// the published format prescribes for each event, and nothing around it.
/// </summary>
internal sealed class VerifyChainScenario : SidesInTurn
{
    private const int Streams = 20;
    private const int EventsPerStream = 500;

    private readonly List<IReadOnlyList<EventEnvelope>> _streams = [];
    private HashInputs? _inputs;
    private double _oneCall;

    public override string Name => "verify-chain";

    public override IReadOnlyList<Figure> Figures { get; } =
        [new Figure("verify-chain", "events/s", Goal.RatioAtLeast(0.5, 0.8))];

    public override IReadOnlyList<string> Notes =>
    [
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Inputs.BytesPerEvent:0} bytes an event in four hashes; one hash over them: {_oneCall:#,0} events/s"),
    ];

    private HashInputs Inputs => _inputs ?? throw new InvalidOperationException("Not set up.");

    public override async Task SetUpAsync(BenchmarkDatabase database)
    {
        await base.SetUpAsync(database);
        var history = new StoredHistory(database, EventsPerStream);
        await history.FillAsync(Streams);
        foreach (var stream in history.Sample)
        {
            _streams.Add(await database.Store.LoadAsync(stream));
        }

        _inputs = new HashInputs(_streams.SelectMany(events => events));
    }

    protected override async Task<IReadOnlyList<double>> MeasureOursAsync(TimeSpan duration) =>
        [await Workers.RateAsync([new ChainVerification(_streams)], duration)];

    protected override async Task<IReadOnlyList<double>> MeasurePlainAsync(TimeSpan duration)
    {
        _oneCall = await Workers.RateAsync([new HashAlone(Inputs.Joined)], duration / 4);
        return [await Workers.RateAsync([new HashAlone(Inputs.Separate)], duration)];
    }
}
