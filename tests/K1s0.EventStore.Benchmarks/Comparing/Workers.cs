using System.Diagnostics;

namespace K1s0.EventStore.Benchmarks.Comparing;

/// <summary>Lets workers work at the same time.</summary>
internal static class Workers
{
    /// <summary>Lets all of them work for this long, and disposes them.</summary>
    /// <returns>What they did together in a second.</returns>
    public static async Task<double> RateAsync(IReadOnlyList<IWorker> workers, TimeSpan duration)
    {
        var start = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            var running = workers.Select(worker => Task.Run(() => WorkAsync(worker, start.Task, duration))).ToList();
            var began = Stopwatch.GetTimestamp();
            start.SetResult(began);
            var done = await Task.WhenAll(running);
            return done.Sum() / Stopwatch.GetElapsedTime(began).TotalSeconds;
        }
        finally
        {
            foreach (var worker in workers)
            {
                await worker.DisposeAsync();
            }
        }
    }

    private static async Task<long> WorkAsync(IWorker worker, Task<long> start, TimeSpan duration)
    {
        var began = await start;
        var done = 0L;
        while (Stopwatch.GetElapsedTime(began) < duration)
        {
            done += await worker.StepAsync();
        }

        return done;
    }
}
