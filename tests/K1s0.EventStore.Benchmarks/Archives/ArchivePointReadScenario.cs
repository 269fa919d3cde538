using System.Diagnostics;
using K1s0.EventStore.Archive;
using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Loads;
using K1s0.EventStore.Benchmarks.Servers;
using Npgsql;

namespace K1s0.EventStore.Benchmarks.Archives;

/// <summary>
/// Reads single events out of a batch by their positions, one after the other: two ranged reads, a frame decompressed
/// and checked. The other side reads the row by its primary key.
/// </summary>
internal sealed class ArchivePointReadScenario : ArchiveScenario
{
    private readonly Random _random = new(1);

    public override string Name => "archive-point-read";

    public override IReadOnlyList<Figure> Figures { get; } =
        [new Figure("archive-point-read", "ms", Goal.OursLessThan(10, 3, "ms"), IsTime: true)];

    protected override Task<IReadOnlyList<double>> MeasureOursAsync(TimeSpan duration) =>
        MeanAsync(duration, async index =>
        {
            // As somebody who has read nothing of the archive yet, but knows which batch it is.
            var position = History[index].Position.Value;
            var reader = await EventBatchReader.OpenAsync(Folder.Objects, KeyOf(position));
            return await reader!.FindAsync(new Position(position)) is not null;
        });

    protected override async Task<IReadOnlyList<double>> MeasurePlainAsync(TimeSpan duration)
    {
        await using var connection = await Database.Plain.OpenConnectionAsync();
        var position = new NpgsqlParameter<long>();
        await using var command = new NpgsqlCommand(PlainSql.Get("read_plain_event"), connection)
        {
            Parameters = { position },
        };
        await command.PrepareAsync();
        return await MeanAsync(duration, async index =>
        {
            // The plain table has other positions than the feed, where some are missing.
            position.TypedValue = PlainEnd - History.Count + 1 + index;
            await using var reader = await command.ExecuteReaderAsync();
            return await reader.ReadAsync() && PlainEvent.Read(reader).Version > 0;
        });
    }

    private ObjectKey KeyOf(long position) => Folder.Keys.Last(key => FirstOf(key) <= position);

    private static long FirstOf(ObjectKey key) => long.Parse(
        key.Value[(key.Value.LastIndexOf('/') + 1)..].Split('-')[0], System.Globalization.CultureInfo.InvariantCulture);

    private async Task<IReadOnlyList<double>> MeanAsync(TimeSpan duration, Func<int, Task<bool>> read)
    {
        var (count, began) = (0, Stopwatch.GetTimestamp());
        while (Stopwatch.GetElapsedTime(began) < duration)
        {
            var index = _random.Next(History.Count);
            count += await read(index) ? 1 : throw new InvalidOperationException($"There is no event {index}.");
        }

        return [Stopwatch.GetElapsedTime(began).TotalMilliseconds / count];
    }
}
