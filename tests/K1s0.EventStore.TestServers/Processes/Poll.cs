using System.Diagnostics;

namespace K1s0.EventStore.TestServers;

/// <summary>Waits for a condition of another process, which nothing can signal to us: asks every 10 ms, up to a bound.</summary>
internal static class Poll
{
    /// <summary>How long a server may take for a step before the wait fails. Steps take milliseconds; crash recovery seconds.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

    /// <summary>Returns as soon as <paramref name="condition"/> holds.</summary>
    /// <exception cref="ServerFailedException">It did not within <paramref name="bound"/>.</exception>
    public static async Task UntilAsync(Func<Task<bool>> condition, Func<string> expectation, TimeSpan? bound = null)
    {
        var limit = bound ?? Bound;
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(started) > limit)
            {
                throw new ServerFailedException($"Waited {limit.TotalSeconds:0} s in vain for: {expectation()}");
            }

            await Task.Delay(Interval);
        }
    }

    /// <inheritdoc cref="UntilAsync(Func{Task{bool}}, Func{string}, TimeSpan?)"/>
    public static Task UntilAsync(Func<bool> condition, Func<string> expectation, TimeSpan? bound = null) =>
        UntilAsync(() => Task.FromResult(condition()), expectation, bound);
}
