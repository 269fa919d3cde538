using System.Diagnostics;
using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Events;
using K1s0.EventStore.Benchmarks.Servers;
using K1s0.EventStore.Integrity;
using Npgsql;

namespace K1s0.EventStore.Benchmarks.Ledger;

/// <summary>Sealing the last 200,000 events, again and again into an empty log.</summary>
internal sealed class SealScenario : SidesInTurn
{
    private const int Streams = 10_000;
    private const int EventsPerStream = 20;
    private const int EventCount = Streams * EventsPerStream;

    public override string Name => "seal";

    public override IReadOnlyList<Figure> Figures { get; } =
        [new Figure("seal", "events/s", Goal.OursAtLeast(100_000, 200_000, "events/s"))];

    public override async Task SetUpAsync(BenchmarkDatabase database)
    {
        await base.SetUpAsync(database);
        var history = new StoredHistory(database, EventsPerStream);
        await history.FillAsync(Streams);
        await history.CopyToPlainAsync();
    }

    protected override Task<IReadOnlyList<double>> MeasureOursAsync(TimeSpan duration) =>
        RepeatAsync(duration, async () =>
        {
            await Database.ExecuteAsync("reset_log");
            var sealer = new BenchmarkLog(Database).Sealer();
            var began = Stopwatch.GetTimestamp();
            var leaves = await BenchmarkLog.SealAllAsync(sealer);
            var elapsed = Stopwatch.GetElapsedTime(began);
            await sealer.ReleaseAsync();
            return (leaves, elapsed);
        });

    protected override Task<IReadOnlyList<double>> MeasurePlainAsync(TimeSpan duration) =>
        RepeatAsync(duration, async () =>
        {
            var began = Stopwatch.GetTimestamp();
            return (await HashPlainAsync(), Stopwatch.GetElapsedTime(began));
        });

    private static async Task<IReadOnlyList<double>> RepeatAsync(
        TimeSpan duration, Func<Task<(int Count, TimeSpan Elapsed)>> step)
    {
        var (count, elapsed) = (0, TimeSpan.Zero);
        while (elapsed < duration)
        {
            var done = await step();
            if (done.Count < EventCount)
            {
                throw new InvalidOperationException($"Sealed {done.Count} events instead of {EventCount}.");
            }

            (count, elapsed) = (count + done.Count, elapsed + done.Elapsed);
        }

        return [count / elapsed.TotalSeconds];
    }

    private async Task<int> HashPlainAsync()
    {
        await using var command = Database.Plain.CreateCommand(PlainSql.Get("read_plain_leaves"));
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = 0 });
        await using var reader = await command.ExecuteReaderAsync();
        var count = 0;
        while (await reader.ReadAsync())
        {
            count += Hash(reader).IsNone ? 0 : 1;
        }

        return count;
    }

    // The content digest stands in for the stream's tag.
    private static Sha256Digest Hash(NpgsqlDataReader reader) =>
        reader.GetString(1).Length + reader.GetString(2).Length == 0
            ? default
            : new LeafRecord(
                new Sha256Digest(reader.GetFieldValue<byte[]>(6)),
                new StreamVersion(reader.GetInt64(3)),
                reader.GetGuid(4),
                new DateTimeOffset(reader.GetDateTime(5), TimeSpan.Zero),
                new Sha256Digest(reader.GetFieldValue<byte[]>(6)),
                new Sha256Digest(reader.GetFieldValue<byte[]>(7))).LeafHash();
}
