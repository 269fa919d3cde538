using K1s0.EventStore.Benchmarks.Aggregates;
using K1s0.EventStore.Benchmarks.Appends;
using K1s0.EventStore.Benchmarks.Archives;
using K1s0.EventStore.Benchmarks.Feed;
using K1s0.EventStore.Benchmarks.Integrity;
using K1s0.EventStore.Benchmarks.Ledger;
using K1s0.EventStore.Benchmarks.Loads;
using K1s0.EventStore.Benchmarks.Rebuilds;
using K1s0.EventStore.Benchmarks.Sync;

namespace K1s0.EventStore.Benchmarks.Comparing;

/// <summary>All scenarios, in the order of the table.</summary>
internal static class Catalogue
{
    // Each flush of the log waits a millisecond more, as it would on a disk without a volatile cache.
    private const string SlowFlush = "-c commit_delay=1000 -c commit_siblings=0";

    public static IReadOnlyList<IScenario> All() =>
    [
        new AppendScenario("append-1x1", 1, 1, Goal.RatioAtLeast(0.6, 0.8)),
        new AppendScenario("append-1x32", 1, 32, Goal.RatioAtLeast(2.5, 3.5)),
        new AppendScenario("append-1x128", 1, 128, Goal.RatioAtLeast(3, 5)),
        new AppendScenario("append-1x32-slow-flush", 1, 32, Goal.RatioAtLeast(5, 10), SlowFlush),
        new AppendScenario("append-10x32", 10, 32, Goal.RatioAtLeast(1, 1.5)),
        new AppendScenario("append-100x1", 100, 1, Goal.RatioAtLeast(0.75, 0.9)),
        new HotStreamScenario(),
        new LoadScenario("load-10", 10, streams: 1_000),
        new LoadScenario("load-100", 100, streams: 200),
        new LoadScenario("load-1000", 1_000, streams: 40),
        new AggregateLoadScenario(),
        new FeedScenario(),
        new CommitToHandlerScenario(),
        new CommitToSubscriptionScenario(),
        new SubscriptionScenario(),
        new ExactlyOnceScenario(),
        new RebuildScenario(),
        new HashingCostScenario("hashing-cost", 100, Goal.RatioAtLeast(0.95, 0.98)),
        new HashingCostScenario("hashing-cost-1x1", 1, goal: null),
        new VerifyChainScenario(),
        new SealScenario(),
        new AppendWhileSealingScenario(),
        new AppendToSealedScenario(),
        new VerifyStoreScenario(),
        new ProveEventScenario(),
        new MerkleScenario("sync-10-of-10000", 10, Goal.OursLessThan(5, 1, "ms")),
        new MerkleScenario("sync-1000", 1_000, Goal.OursLessThan(10, 2, "ms")),
        new ConflictScenario(),
        new SyncBytesScenario(),
        new SyncIngestScenario(),
        new ArchiveWriteScenario(),
        new ArchiveReplayScenario(),
        new ArchivePointReadScenario(),
    ];

    /// <summary>Those whose figures could change when the store grows.</summary>
    public static IReadOnlyList<IScenario> OfGrowth() =>
    [
        .. All().Where(scenario => scenario is AppendScenario { SessionSettings: "" } or HotStreamScenario
            or LoadScenario or FeedScenario or CommitToHandlerScenario),
    ];
}
