using K1s0.EventStore.Archive;
using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Feed;

namespace K1s0.EventStore.Benchmarks.Archives;

/// <summary>Reads all events of an archive in order, checked. The other side reads the plain table.</summary>
internal sealed class ArchiveReplayScenario : ArchiveScenario
{
    public override string Name => "archive-replay";

    public override IReadOnlyList<Figure> Figures { get; } =
        [new Figure("archive-replay", "events/s", Goal.OursAtLeast(100_000, 500_000, "events/s"))];

    protected override async Task<IReadOnlyList<double>> MeasureOursAsync(TimeSpan duration) =>
        [await Workers.RateAsync([new Replay(Folder, History.Count)], duration)];

    protected override async Task<IReadOnlyList<double>> MeasurePlainAsync(TimeSpan duration) =>
        [await Workers.RateAsync([new PlainCatchUp(Database.Plain, PlainStart, History.Count)], duration)];

    private sealed class Replay(ArchiveFolder folder, int expected) : IWorker
    {
        public async Task<int> StepAsync()
        {
            var count = 0;
            foreach (var key in folder.Keys)
            {
                var reader = await EventBatchReader.OpenAsync(folder.Objects, key)
                    ?? throw new InvalidOperationException($"{key} is gone.");
                await foreach (var envelope in reader.ReadAsync())
                {
                    count += envelope.Version > 0 ? 1 : 0;
                }
            }

            return count == expected
                ? count
                : throw new InvalidOperationException($"Read {count} events instead of {expected}.");
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
