using K1s0.EventStore.Sync.Snapshots;

namespace K1s0.EventStore.Sync;

/// <summary>
/// A store whose logs can begin behind the ends that a snapshot names, without the events up to there. Of such a log
/// the other members give what is behind that: <see cref="IReplicaStore.ReadHeadsAsync"/> gives where it begins
/// (<see cref="OriginHead.BeginsBehind"/>), and that itself as its end while nothing follows.
/// </summary>
public interface IBeginningReplicaStore : IRepairableReplicaStore
{
    /// <summary>
    /// Has logs begin behind the ends that a snapshot names, all of them at one instant. Durable when it returns; a
    /// failure leaves all logs as they were, or all as they are to be. What is stored of these logs so far is no part
    /// of them any more. The caller has checked that each is shorter than that.
    /// </summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="logs">Which logs; the snapshot has an end of each.</param>
    /// <param name="cancellationToken">Gives up before the write.</param>
    Task BeginAsync(
        SnapshotManifest snapshot, IReadOnlyList<Origin> logs, CancellationToken cancellationToken = default);
}
