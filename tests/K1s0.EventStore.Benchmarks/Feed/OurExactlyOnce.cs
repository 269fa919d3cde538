using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Servers;
using K1s0.EventStore.Postgres;
using Npgsql;

namespace K1s0.EventStore.Benchmarks.Feed;

/// <summary>Runs a new exactly-once subscription from a position to the end of the feed, with lease and checkpoint.</summary>
internal sealed class OurExactlyOnce(BenchmarkDatabase database, Position after, int least) : IWorker
{
    private readonly LiveFeed _live = new(database.Feed);
    private readonly SubscriptionLeases _leases = new(database.Leases);

    public async Task<int> StepAsync()
    {
        var consumer = Guid.CreateVersion7();
        var options = new SubscriptionOptions
        {
            Start = SubscriptionStart.After(after),
            End = SubscriptionEnd.SettledBound,
        };
        var subscription = new Subscription(
            $"exactly-once-{consumer:N}",
            new PostgresAtomicHandler(
                database.Ours, new Writer(consumer), longestIdle: options.LeaseDuration),
            _live,
            database.Checkpoints,
            options,
            leases: _leases);
        await subscription.RunAsync();
        var handled = (int)subscription.GetStatus().HandledEvents;
        return handled >= least
            ? handled
            : throw new InvalidOperationException($"Handled {handled} events instead of {least}.");
    }

    public ValueTask DisposeAsync()
    {
        _live.Dispose();
        _leases.Dispose();
        return ValueTask.CompletedTask;
    }

    private sealed class Writer(Guid consumer) : ITransactionalHandler
    {
        public Task HandleAsync(
            EventEnvelope envelope, NpgsqlTransaction transaction, CancellationToken cancellationToken) =>
            Effect.WriteAsync(consumer, envelope.Id, transaction);
    }
}
