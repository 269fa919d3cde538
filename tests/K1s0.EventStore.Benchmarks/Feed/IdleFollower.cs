using System.Diagnostics;
using System.Globalization;

namespace K1s0.EventStore.Benchmarks.Feed;

/// <summary>What a follower costs while nothing happens.</summary>
internal static class IdleFollower
{
    public static async Task<string> MeasureAsync(IFollower follower, TimeSpan duration)
    {
        using var process = Process.GetCurrentProcess();
        var (began, processorTime, polls) = (Stopwatch.GetTimestamp(), process.TotalProcessorTime, 0);
        while (Stopwatch.GetElapsedTime(began) < duration)
        {
            await follower.PollAsync();
            polls++;
            await Task.Delay(LiveRun.PollInterval);
        }

        process.Refresh();
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var share = (process.TotalProcessorTime - processorTime).TotalSeconds / seconds;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"idle, {polls / seconds:0} questions/s, {share:0.0%} of a core in this process");
    }
}
