using System.Runtime.CompilerServices;

namespace K1s0.EventStore.Sync;

/// <summary>
/// The way out of a fork: one of two versions of a log is given up for the other, on every replica the same one, and
/// what is given up stays readable.
/// </summary>
/// <remarks>
/// Safe for several threads. Which branch wins is no choice, so that replicas need not agree on it: the longer one,
/// because others may have built on any of its places, and of two that are as long the one whose last event has the
/// greater hash. What an operator says, on each replica that holds the other one, is that a branch is to be given up at
/// all; saying it on every replica does no harm.
/// </remarks>
public sealed class NodeBranches
{
    private readonly IReplicaStore _store;
    private readonly GuardedReplica _guarded;
    private readonly LogDamage? _damage;

    internal NodeBranches(IReplicaStore store, GuardedReplica guarded, LogDamage? damage) =>
        (_store, _guarded, _damage) = (store, guarded, damage);

    /// <summary>The logs for which <see cref="Adopt"/> was called and no peer had another branch yet.</summary>
    public IReadOnlyList<Origin> Adopting => _guarded.Look(_ => _damage?.Branches.Origins ?? []);

    /// <summary>
    /// The parts of logs in which the branch here was given up since the node was opened, in that order; the last 1,024
    /// of them. Those too of sessions that ended before they had a <see cref="SyncReport"/>: because the connection was
    /// lost while the history was read, or the store failed behind the adoption (then as soon as the node has read the
    /// store anew). A restart forgets them, and <see cref="ReadGivenUpAsync"/> still gives what stood there.
    /// </summary>
    public IReadOnlyList<AdoptedBranch> Adopted => _guarded.Adoptions.Done;

    /// <summary>
    /// Has the sessions that follow give up the branch of a log that is here, from the first event that differs, where
    /// the peer's branch wins, and take the peer's instead: all of it at one instant, after which
    /// <see cref="ReplicaNode.DeliveryStopped"/> is set until the views are built anew. What comes behind it in the log
    /// then comes as other events do. It ends with the first comparison that finds another branch at a peer, whether
    /// that was taken or not, with 16 that find the same, or when the node is closed; a fork that is still there is
    /// reported again, and this may be called again. <see cref="SyncReport.BranchesAdopted"/> says what was given up,
    /// and <see cref="Adopted"/> also where the session was cut; <see cref="SyncReport.BranchesKept"/> what was not and
    /// why. Call it for sessions with peers that are trusted: their word that the log is forked, and how long it is,
    /// starts it.
    /// </summary>
    /// <param name="origin">Whose log, as <see cref="SyncReport.Forks"/> names it.</param>
    /// <exception cref="InvalidOperationException">
    /// It is the log that this replica writes: begin an incarnation first.
    /// </exception>
    /// <exception cref="NotSupportedException">The store is no <see cref="IBranchReplicaStore"/>.</exception>
    public void Adopt(Origin origin)
    {
        CheckStore();
        _guarded.Look(replica =>
        {
            if (replica.Self == origin)
            {
                throw new InvalidOperationException(
                    $"{origin} is what this replica writes as: begin an incarnation, and adopt the branch then.");
            }

            if (replica.HeadOf(origin).Last.Sequence > 0)
            {
                _damage!.Branches.Add(origin);
            }
        });
    }

    /// <summary>
    /// All events that were given up, the branch that was given up first at the beginning, each branch by sequence.
    /// They are no part of the history; what has to happen all the same is written again as a new event, on one replica
    /// only. What is damaged is left out.
    /// </summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="NotSupportedException">The store is no <see cref="IBranchReplicaStore"/>.</exception>
    public async IAsyncEnumerable<SyncEvent> ReadGivenUpAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var givenUp in CheckStore().ReadGivenUpAsync(cancellationToken).ConfigureAwait(false))
        {
            yield return givenUp;
        }
    }

    private IBranchReplicaStore CheckStore() => _store as IBranchReplicaStore
        ?? throw new NotSupportedException($"{_store.GetType().Name} is no {nameof(IBranchReplicaStore)}.");
}
