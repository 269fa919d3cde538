using System.Collections.Concurrent;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Telemetry;
using Microsoft.Extensions.Logging;

namespace K1s0.EventStore.Tests;

/// <summary>A run that ends for good stores a last checkpoint, and whatever becomes of that hides nothing.</summary>
public sealed class LastCheckpointTests
{
    private static readonly StreamId Stream = new("order", "1");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(nameof(TimeoutException))]
    [InlineData(nameof(ObjectDisposedException))]
    [InlineData(nameof(StoreUnavailableException))]
    public async Task Whatever_a_checkpoint_store_throws_what_the_run_died_of_is_said_and_final(string thrown)
    {
        var store = new InMemoryEventStore();
        await store.AppendAsync(
            Stream,
            [.. Enumerable.Range(0, 3).Select(_ => EventEnvelope.Create(Stream, "A", "{}"u8.ToArray()))],
            cancellationToken: Cancellation);
        var checkpoints = new ThrowingCheckpoints(new InMemoryCheckpointStore(store), () => thrown switch
        {
            nameof(TimeoutException) => new TimeoutException(),
            nameof(ObjectDisposedException) => new ObjectDisposedException("connection"),
            _ => new StoreUnavailableException("broken by the test"),
        });

        // Who tries it again finds nothing wrong any more, and ends well.
        var failures = 0;
        var handler = new RecordingHandler((envelope, _) =>
            envelope.Version == 2 && Interlocked.Increment(ref failures) == 1
                ? throw new HandlerBrokenException()
                : Task.CompletedTask);
        using var live = new LiveFeed(store);
        using var log = new Ids();
        var subscription = new Subscription(
            "follower",
            handler,
            live,
            checkpoints,
            new SubscriptionOptions
            {
                OnFailure = FailureAction.StopAll,
                MaxAttempts = 1,
                End = SubscriptionEnd.SettledBound,
                CheckpointInterval = TimeSpan.FromHours(1),
            },
            loggerFactory: log);

        var stop = await Assert.ThrowsAsync<SubscriptionStoppedException>(() => subscription.RunAsync(Cancellation));

        stop.InnerException.Should().BeOfType<HandlerBrokenException>();
        (checkpoints.Thrown, subscription.GetStatus().Restarts).Should().Be((1, 0));
        log.Logged.Should().Contain(EventIds.LastCheckpointLost);
    }

    private sealed class ThrowingCheckpoints(ICheckpointStore inner, Func<Exception> make) : ICheckpointStore
    {
        private int _thrown;

        public int Thrown => _thrown;

        public Task<CheckpointClaim> ClaimAsync(
            string consumer, string owner, CancellationToken cancellationToken = default) =>
            inner.ClaimAsync(consumer, owner, cancellationToken);

        public Task<Checkpoint?> LoadAsync(string consumer, CancellationToken cancellationToken = default) =>
            inner.LoadAsync(consumer, cancellationToken);

        public Task<CheckpointClaim> SaveAsync(
            CheckpointClaim claim, Checkpoint checkpoint, CancellationToken cancellationToken = default) =>
            Interlocked.Increment(ref _thrown) == 1
                ? throw make()
                : inner.SaveAsync(claim, checkpoint, cancellationToken);
    }

    private sealed class Ids : ILoggerFactory, ILogger
    {
        private readonly ConcurrentQueue<int> _logged = new();

        public IEnumerable<int> Logged => _logged;

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter) => _logged.Enqueue(eventId.Id);

        public void Dispose()
        {
            // Nothing is held.
        }
    }
}
