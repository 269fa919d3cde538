using System.Diagnostics;
using K1s0.EventStore.Benchmarks.Appends;
using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Servers;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Benchmarks.Integrity;

/// <summary>
/// Appends of one writer, with what they would be without hashing. The store cannot be told not to hash, so right after
/// each append its digests and links are computed once more and timed; that time is what hashing took of the append,
/// because one writer does nothing else meanwhile.
/// </summary>
internal sealed class HashingCostScenario(string name, int eventsPerAppend, Goal? goal) : IScenario
{
    private BenchmarkDatabase? _database;
    private int _lastSeed;

    public string Name => name;

    public IReadOnlyList<Figure> Figures { get; } = [new Figure(name, "events/s", goal)];

    public Task SetUpAsync(BenchmarkDatabase database)
    {
        _database = database;
        return Task.CompletedTask;
    }

    public async Task<IReadOnlyList<FigurePair>> RepeatAsync(TimeSpan duration, bool isOursFirst)
    {
        var source = new BatchSource(++_lastSeed, eventsPerAppend, eventsPerAppend);
        var (appending, hashing, count, began) = (TimeSpan.Zero, TimeSpan.Zero, 0, Stopwatch.GetTimestamp());
        while (Stopwatch.GetElapsedTime(began) < duration)
        {
            var batch = source.Next();
            var start = Stopwatch.GetTimestamp();
            await _database!.Store.AppendAsync(batch.StreamId, batch.Envelopes, batch.Version);
            var appended = Stopwatch.GetTimestamp();
            var head = HashAgain(batch);
            hashing += Stopwatch.GetElapsedTime(appended);
            appending += Stopwatch.GetElapsedTime(start, appended);
            count += head.IsNone ? 0 : batch.Events.Length;
        }

        return [new FigurePair(count / appending.TotalSeconds, count / (appending - hashing).TotalSeconds)];
    }

    // All that the store hashes for an append to a new stream.
    private static Sha256Digest HashAgain(AppendBatch batch)
    {
        var tag = StreamChain.Tag(batch.StreamId);
        var head = StreamChain.Genesis(tag);
        for (var i = 0; i < batch.Events.Length; i++)
        {
            head = StreamChain.Next(tag, i + 1, head, ContentDigest.Compute(batch.Events[i].Envelope));
        }

        return head;
    }
}
