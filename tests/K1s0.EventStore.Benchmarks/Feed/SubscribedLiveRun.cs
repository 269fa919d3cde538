using System.Diagnostics;
using K1s0.EventStore.Benchmarks.Servers;
using K1s0.EventStore.Postgres;

namespace K1s0.EventStore.Benchmarks.Feed;

/// <summary>
/// A writer that appends now and then, and a live subscription with an instance of the store of its own, as another
/// process has it: the writer's doorbell tells it.
/// </summary>
internal sealed class SubscribedLiveRun(BenchmarkDatabase database, LiveWriter writer) : ISubscriptionHandler
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

    /// <summary>Works for this long, and then stands still for a while.</summary>
    /// <returns>
    /// Milliseconds from the start of each append until the handler had the event, sorted; and what the standing still
    /// cost this process, as a share of a core.
    /// </returns>
    public async Task<(IReadOnlyList<double> Milliseconds, double Idle)> RunAsync(TimeSpan duration, TimeSpan idle)
    {
        await using var store = new PostgresEventStore(database.Ours);
        using var live = new LiveFeed(store);
        using var stop = new CancellationTokenSource();
        var subscription = new Subscription(
            $"live-{Guid.CreateVersion7():N}",
            this,
            live,
            database.Checkpoints,
            new SubscriptionOptions { Start = SubscriptionStart.End });
        var running = Task.WhenAll(
            new PostgresDoorbell(store, database.Ours, live: live).RunAsync(stop.Token),
            database.Doorbell.RunAsync(stop.Token),
            subscription.RunAsync(stop.Token));
        await UntilAsync(
            () => live.HasDoorbell && subscription.GetStatus().State is SubscriptionState.Live, running, LongestWait);
        await writer.WriteAsync(duration);
        await UntilAsync(() => writer.Unseen == 0, running, LongestWait);
        var share = await IdleAsync(idle);
        await stop.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return (writer.Milliseconds, share);
    }

    public ValueTask HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        writer.Saw(envelope.Id);
        return ValueTask.CompletedTask;
    }

    private static async Task<double> IdleAsync(TimeSpan duration)
    {
        // A second after the last ring it asks seldom.
        await Task.Delay(TimeSpan.FromSeconds(1.5));
        using var process = Process.GetCurrentProcess();
        var (began, processorTime) = (Stopwatch.GetTimestamp(), process.TotalProcessorTime);
        await Task.Delay(duration);
        process.Refresh();
        return (process.TotalProcessorTime - processorTime) / Stopwatch.GetElapsedTime(began);
    }

    private static async Task UntilAsync(Func<bool> condition, Task running, TimeSpan limit)
    {
        var began = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (running.IsCompleted || Stopwatch.GetElapsedTime(began) > limit)
            {
                throw new InvalidOperationException("The subscription does not follow.", running.Exception);
            }

            await Task.Delay(Interval);
        }
    }
}
