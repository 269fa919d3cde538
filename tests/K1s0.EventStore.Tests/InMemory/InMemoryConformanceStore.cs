using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Tests;

/// <summary>A fresh in-memory store for each test.</summary>
internal sealed class InMemoryConformanceStore : IConformanceStore
{
    private readonly InMemoryEventStore _store;

    public InMemoryConformanceStore(EventStoreOptions options, TimeProvider timeProvider)
    {
        Options = options;
        _store = new InMemoryEventStore(options, timeProvider);
        Snapshots = new InMemorySnapshotStore(options, timeProvider);
        Checkpoints = new InMemoryCheckpointStore(_store);
    }

    public IEventStore Store => _store;

    public IEventAppender Appender => _store;

    public IStreamReader Streams => _store;

    public IFeedReader Feed => _store;

    public ISnapshotStore Snapshots { get; }

    public ICheckpointStore Checkpoints { get; }

    public IParkedEventStore Parked { get; } = new InMemoryParkedEventStore();

    public EventStoreOptions Options { get; }

    public static Task<IConformanceStore> CreateAsync(EventStoreOptions options, TimeProvider timeProvider) =>
        Task.FromResult<IConformanceStore>(new InMemoryConformanceStore(options, timeProvider));

    public Task<IConformanceStore> OpenAnotherAsync() => Task.FromResult<IConformanceStore>(this);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
