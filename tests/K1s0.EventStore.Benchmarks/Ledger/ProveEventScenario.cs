using System.Diagnostics;
using System.Globalization;
using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Events;
using K1s0.EventStore.Benchmarks.Servers;
using Npgsql;

namespace K1s0.EventStore.Benchmarks.Ledger;

/// <summary>Proofs of random events, one after the other. The other side looks the event up by its id.</summary>
internal sealed class ProveEventScenario : SidesInTurn
{
    private const int Streams = 50_000;
    private const int EventsPerStream = 20;

    private readonly Random _random = new(1);
    private readonly List<Guid> _events = [];
    private LedgerProofs? _proofs;
    private int _bytes;

    public override string Name => "prove-event";

    public override IReadOnlyList<Figure> Figures { get; } =
        [new Figure("prove-event", "ms", Goal.OursLessThan(2, 1, "ms"), IsTime: true)];

    public override IReadOnlyList<string> Notes =>
    [
        string.Create(
            CultureInfo.InvariantCulture, $"{Streams * EventsPerStream:#,0} leaves; the last proof has {_bytes} bytes"),
    ];

    public override async Task SetUpAsync(BenchmarkDatabase database)
    {
        await base.SetUpAsync(database);
        var history = new StoredHistory(database, EventsPerStream);
        await history.FillAsync(Streams);
        await history.CopyToPlainAsync();
        foreach (var stream in history.Sample)
        {
            _events.AddRange((await database.Store.LoadAsync(stream)).Select(envelope => envelope.Id));
        }

        var sealer = new BenchmarkLog(database).Sealer();
        await BenchmarkLog.SealAllAsync(sealer);
        await sealer.ReleaseAsync();
        _proofs = new LedgerProofs(database.Ledger);
    }

    protected override Task<IReadOnlyList<double>> MeasureOursAsync(TimeSpan duration) =>
        MeanAsync(duration, async eventId =>
        {
            var proof = await _proofs!.ProveEventAsync(eventId)
                ?? throw new InvalidOperationException($"There is no event {eventId}.");
            _bytes = proof.ToUtf8().Length;
        });

    protected override async Task<IReadOnlyList<double>> MeasurePlainAsync(TimeSpan duration)
    {
        await using var connection = await Database.Plain.OpenConnectionAsync();
        var id = new NpgsqlParameter<Guid>();
        await using var command = new NpgsqlCommand(PlainSql.Get("get_plain_event"), connection) { Parameters = { id } };
        await command.PrepareAsync();
        return await MeanAsync(duration, async eventId =>
        {
            id.TypedValue = eventId;
            await using var reader = await command.ExecuteReaderAsync();
            if (!await reader.ReadAsync())
            {
                throw new InvalidOperationException($"There is no event {eventId}.");
            }
        });
    }

    private async Task<IReadOnlyList<double>> MeanAsync(TimeSpan duration, Func<Guid, Task> step)
    {
        var (count, began) = (0, Stopwatch.GetTimestamp());
        while (Stopwatch.GetElapsedTime(began) < duration)
        {
            await step(_events[_random.Next(_events.Count)]);
            count++;
        }

        return [Stopwatch.GetElapsedTime(began).TotalMilliseconds / count];
    }
}
