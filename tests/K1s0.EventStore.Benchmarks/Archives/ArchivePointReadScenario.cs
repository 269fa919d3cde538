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
        MeanAsync(duration, async position =>
        {
            // As somebody who has read nothing of the archive yet, but knows which batch it is.
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
        return await MeanAsync(duration, async wanted =>
        {
            position.TypedValue = wanted;
            await using var reader = await command.ExecuteReaderAsync();
            return await reader.ReadAsync() && PlainEvent.Read(reader).Version > 0;
        });
    }

    private ObjectKey KeyOf(long position) => Folder.Keys.Last(key => FirstOf(key) <= position);

    private static long FirstOf(ObjectKey key) => long.Parse(
        key.Value[(key.Value.LastIndexOf('/') + 1)..].Split('-')[0], System.Globalization.CultureInfo.InvariantCulture);

    private async Task<IReadOnlyList<double>> MeanAsync(TimeSpan duration, Func<long, Task<bool>> read)
    {
        var (count, began) = (0, Stopwatch.GetTimestamp());
        while (Stopwatch.GetElapsedTime(began) < duration)
        {
            // Of the older half: the plain table may lack what was appended last when it was filled.
            var position = History[_random.Next(History.Count / 2)].Position.Value;
            count += await read(position) ? 1 : throw new InvalidOperationException($"There is no event {position}.");
        }

        return [Stopwatch.GetElapsedTime(began).TotalMilliseconds / count];
    }
}
