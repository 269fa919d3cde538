using System.Diagnostics;
using System.Globalization;

namespace K1s0.EventStore.Sqlite.CrashWriter;

/// <summary>
/// Several tasks that append at once. Each says what it is about to do before it does it, and what it was told
/// afterwards: whoever reads that knows of every append whether it was acknowledged, when the process is killed.
/// </summary>
internal sealed class Lanes(SqliteEventStore store, TextWriter output, int appendsPerLane, int killAt)
{
    private const int Count = 6;
    private const int SharedStreams = 3;

    private readonly Lock _lock = new();
    private readonly Process _self = Process.GetCurrentProcess();
    private int _acknowledged;

    public Task RunAsync(int seed) =>
        Task.WhenAll(Enumerable.Range(0, Count).Select(lane => Task.Run(() => RunLaneAsync(seed, lane))));

    public void Say(string line)
    {
        lock (_lock)
        {
            output.WriteLine(line);
            output.Flush();
        }
    }

    private async Task RunLaneAsync(int seed, int lane)
    {
        var random = new Random((seed * Count) + lane);
        for (var i = 0; i < appendsPerLane; i++)
        {
            var stream = random.Next(2) == 0
                ? string.Create(CultureInfo.InvariantCulture, $"shared-{random.Next(SharedStreams)}")
                : string.Create(CultureInfo.InvariantCulture, $"own-{seed}-{lane}");
            var key = string.Create(CultureInfo.InvariantCulture, $"{seed}-{lane}-{i}");
            await AppendAsync(new Attempt(stream, key, random.Next(1, 5), random.Next(8_000)));
        }
    }

    private async Task AppendAsync(Attempt attempt)
    {
        Say($"try {attempt}");
        try
        {
            var result = await store.AppendAsync(attempt.StreamId, attempt.Events);
            Say($"ack {attempt.Key} {result.Version} {result.FirstPosition} {result.LastPosition}");
            if (Interlocked.Increment(ref _acknowledged) == killAt)
            {
                // SIGKILL at the very moment of the acknowledgement: nobody outside can be as quick.
                _self.Kill();
            }
        }
        catch (AppendOutcomeUnknownException)
        {
            Say($"unknown {attempt.Key}");
        }
        catch (EventStoreException e)
        {
            Say($"refused {attempt.Key} {e.GetType().Name}");
        }
    }
}
