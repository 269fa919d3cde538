using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Tests;

/// <summary>A fresh in-memory store for each test.</summary>
internal sealed class InMemoryConformanceStore : IConformanceStore
{
    private readonly InMemoryEventStore _store;
    private readonly ShiftedTime _leaseTime;

    public InMemoryConformanceStore(EventStoreOptions options, TimeProvider timeProvider)
    {
        Options = options;
        _store = new InMemoryEventStore(options, timeProvider);
        Snapshots = new InMemorySnapshotStore(options, timeProvider);
        var checkpoints = new InMemoryCheckpointStore(_store);
        Checkpoints = checkpoints;
        Parked = new InMemoryParkedEventStore(checkpoints);
        _leaseTime = new ShiftedTime(timeProvider);
        var leases = new InMemoryLeaseStore(_leaseTime);
        Leases = leases;
        Ledger = new InMemoryLedgerStore(_store, leases, timeProvider);
    }

    public IEventStore Store => _store;

    public IEventAppender Appender => _store;

    public IStreamReader Streams => _store;

    public IFeedReader Feed => _store;

    public ISnapshotStore Snapshots { get; }

    public ICheckpointStore Checkpoints { get; }

    public ILeaseStore Leases { get; }

    public ILedgerStore Ledger { get; }

    public IParkedEventStore Parked { get; }

    public EventStoreOptions Options { get; }

    public static Task<IConformanceStore> CreateAsync(EventStoreOptions options, TimeProvider timeProvider) =>
        Task.FromResult<IConformanceStore>(new InMemoryConformanceStore(options, timeProvider));

    public Task<IConformanceStore> OpenAnotherAsync() => Task.FromResult<IConformanceStore>(this);

    public Task RunOutAsync(Lease lease)
    {
        _leaseTime.AdvanceTo(lease.ExpiresAt);
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    // A clock that can be put forward, but never goes back.
    private sealed class ShiftedTime(TimeProvider clock) : TimeProvider
    {
        private long _shift;

        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow().AddTicks(Interlocked.Read(ref _shift));

        public void AdvanceTo(DateTimeOffset time) =>
            Interlocked.Add(ref _shift, Math.Max(0, (time - GetUtcNow()).Ticks));
    }
}
