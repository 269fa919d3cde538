using System.Collections.Concurrent;
using System.Diagnostics;
using K1s0.EventStore.Benchmarks.Appends;

namespace K1s0.EventStore.Benchmarks.Feed;

/// <summary>A writer that appends now and then, and a follower that waits for its events.</summary>
internal sealed class LiveRun(IFollower follower, Func<AppendBatch, Task> append, int seed)
{
    /// <summary>How long a follower that found nothing waits before it asks again.</summary>
    public static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<Guid, long> _begun = new();
    private readonly List<double> _milliseconds = [];

    /// <summary>Works for this long.</summary>
    /// <returns>Milliseconds from the start of each append until the follower had the event, sorted.</returns>
    public async Task<IReadOnlyList<double>> RunAsync(TimeSpan duration)
    {
        var writing = Task.Run(() => WriteAsync(duration));
        var began = Stopwatch.GetTimestamp();
        while (!writing.IsCompleted || !_begun.IsEmpty)
        {
            if (!await FollowAsync())
            {
                await Task.Delay(PollInterval);
            }

            if (writing.IsFaulted || Stopwatch.GetElapsedTime(began) > duration + LongestWait)
            {
                await writing;
                throw new InvalidOperationException($"{_begun.Count} events never reached the follower.");
            }
        }

        await writing;
        return [.. _milliseconds.Order()];
    }

    private async Task<bool> FollowAsync()
    {
        var seen = await follower.PollAsync();
        var now = Stopwatch.GetTimestamp();
        foreach (var id in seen)
        {
            if (_begun.TryRemove(id, out var begun))
            {
                _milliseconds.Add(Stopwatch.GetElapsedTime(begun, now).TotalMilliseconds);
            }
        }

        return seen.Count > 0;
    }

    // At uneven times, so that appends fall anywhere between two questions of the follower.
    private async Task WriteAsync(TimeSpan duration)
    {
        var random = new Random(seed);
        var source = new BatchSource(seed, eventsPerAppend: 1, eventsPerStream: 10);
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < duration)
        {
            var batch = source.Next();
            _begun[batch.Events[0].Envelope.Id] = Stopwatch.GetTimestamp();
            await append(batch);
            await Task.Delay(TimeSpan.FromMilliseconds(random.NextDouble() * 5));
        }
    }
}
