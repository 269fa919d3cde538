using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>
/// Keeps the Merkle log of a store: its tiles, its heads, and which leaf belongs to which event. Implementations are
/// thread-safe. <see cref="LogSealer"/> writes it, <see cref="LedgerProofs"/> and <see cref="LogPublisher"/> read it.
/// </summary>
public interface ILedgerStore : ITileReader
{
    /// <summary>The name of the lease under which the log grows.</summary>
    const string LeaseName = "k1s0 ledger";

    /// <summary>The most leaves that are sealed or read in one call: 65,536.</summary>
    const int MaxLeaves = 65_536;

    /// <summary>The newest head, signed or not; <see cref="SealedHead.Empty"/> before the first leaf.</summary>
    /// <param name="cancellationToken">Gives up asking.</param>
    Task<SealedHead> GetHeadAsync(CancellationToken cancellationToken);

    /// <summary>The newest head that is signed; null when there is none.</summary>
    /// <param name="cancellationToken">Gives up asking.</param>
    Task<SealedHead?> GetSignedHeadAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Events behind a position in the order of the feed, only such that are settled: nothing can come before them any
    /// more.
    /// </summary>
    /// <param name="after">Only events behind this position are read.</param>
    /// <param name="maxCount">1 to <see cref="MaxLeaves"/>.</param>
    /// <param name="cancellationToken">Gives up reading.</param>
    Task<IReadOnlyList<SettledLeaf>> ReadUnsealedAsync(
        Position after, int maxCount, CancellationToken cancellationToken);

    /// <summary>Stores a batch in one transaction, together with the check of the lease and of the head.</summary>
    /// <param name="lease">The lease <see cref="LeaseName"/>.</param>
    /// <param name="batch">The batch.</param>
    /// <param name="cancellationToken">Gives up as long as nothing has been sent.</param>
    /// <returns>The new head, not signed yet.</returns>
    /// <exception cref="LeaseLostException">
    /// The lease does not count any more, or the head is another than the batch continues; nothing was written.
    /// </exception>
    /// <exception cref="LogDivergedException">
    /// There are more or fewer settled events than the batch has leaves; nothing was written.
    /// </exception>
    /// <exception cref="WriteOutcomeUnknownException">
    /// Nobody knows whether the batch is stored, or it is not as durable as it should be: read the head before going
    /// on.
    /// </exception>
    Task<SealedHead> SealAsync(Lease lease, SealedBatch batch, CancellationToken cancellationToken);

    /// <summary>
    /// Returns when everything that was read before is as durable as what is written: what can be seen may not be, as
    /// long as no standby has confirmed it.
    /// </summary>
    /// <param name="lease">The lease <see cref="LeaseName"/>.</param>
    /// <param name="cancellationToken">Gives up as long as nothing has been sent.</param>
    /// <exception cref="LeaseLostException">The lease does not count any more.</exception>
    /// <exception cref="WriteOutcomeUnknownException">
    /// Nobody knows, or it is not as durable as it should be: repeat it.
    /// </exception>
    Task ConfirmAsync(Lease lease, CancellationToken cancellationToken);

    /// <summary>Keeps the signature of a head.</summary>
    /// <param name="head">The head.</param>
    /// <param name="note">The signed tree head.</param>
    /// <param name="cancellationToken">Gives up. It may have been written all the same.</param>
    /// <returns>Whether the store still has that head; false means that it was rolled back.</returns>
    /// <exception cref="WriteOutcomeUnknownException">
    /// Nobody knows whether it is stored, or it, or a write before it, is not as durable as it should be: repeat it.
    /// </exception>
    Task<bool> SaveNoteAsync(SealedHead head, SignedNote note, CancellationToken cancellationToken);

    /// <summary>Finds the leaf of an event.</summary>
    /// <param name="eventId">The event.</param>
    /// <param name="cancellationToken">Gives up asking.</param>
    /// <returns>The leaf; null when the store has no such event.</returns>
    Task<LocatedLeaf?> FindAsync(Guid eventId, CancellationToken cancellationToken);

    /// <summary>Leaves of the log in the order of their indices, made of what the store has now.</summary>
    /// <param name="firstIndex">The index of the first leaf, below the size of the log.</param>
    /// <param name="count">1 to <see cref="MaxLeaves"/>.</param>
    /// <param name="cancellationToken">Gives up reading.</param>
    Task<IReadOnlyList<LeafRecord>> ReadSealedAsync(long firstIndex, int count, CancellationToken cancellationToken);

    /// <summary>The places of leaves, in the order of their indices.</summary>
    /// <param name="fromIndex">The run that this leaf is in is the first; 0 or more.</param>
    /// <param name="maxCount">1 to <see cref="MaxLeaves"/>.</param>
    /// <param name="cancellationToken">Gives up reading.</param>
    Task<IReadOnlyList<LeafRun>> ReadRunsAsync(long fromIndex, int maxCount, CancellationToken cancellationToken);

    /// <summary>Loads one event by its id.</summary>
    /// <param name="eventId">The event.</param>
    /// <param name="cancellationToken">Gives up reading.</param>
    /// <returns>The event; null when the store has none of this id.</returns>
    Task<EventEnvelope?> LoadEventAsync(Guid eventId, CancellationToken cancellationToken);

    /// <summary>How far the log is behind.</summary>
    /// <param name="cancellationToken">Gives up asking.</param>
    Task<LedgerStatus> GetStatusAsync(CancellationToken cancellationToken);
}
