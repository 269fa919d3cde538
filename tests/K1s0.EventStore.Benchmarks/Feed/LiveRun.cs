using System.Diagnostics;

namespace K1s0.EventStore.Benchmarks.Feed;

/// <summary>A writer that appends now and then, and a follower that asks for its events.</summary>
internal sealed class LiveRun(IFollower follower, LiveWriter writer)
{
    /// <summary>How long a follower that found nothing waits before it asks again.</summary>
    public static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    /// <summary>Works for this long.</summary>
    /// <returns>Milliseconds from the start of each append until the follower had the event, sorted.</returns>
    public async Task<IReadOnlyList<double>> RunAsync(TimeSpan duration)
    {
        var writing = Task.Run(() => writer.WriteAsync(duration));
        var began = Stopwatch.GetTimestamp();
        while (!writing.IsCompleted || writer.Unseen > 0)
        {
            if (!await FollowAsync())
            {
                await Task.Delay(PollInterval);
            }

            if (writing.IsFaulted || Stopwatch.GetElapsedTime(began) > duration + LongestWait)
            {
                await writing;
                throw new InvalidOperationException($"{writer.Unseen} events never reached the follower.");
            }
        }

        await writing;
        return writer.Milliseconds;
    }

    private async Task<bool> FollowAsync()
    {
        var seen = await follower.PollAsync();
        foreach (var id in seen)
        {
            writer.Saw(id);
        }

        return seen.Count > 0;
    }
}
