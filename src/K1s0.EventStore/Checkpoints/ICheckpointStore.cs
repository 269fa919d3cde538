namespace K1s0.EventStore;

/// <summary>
/// Keeps how far consumers of the feed have come. Implementations are thread-safe. A write is compare-and-set on the
/// owner's epoch and the old position, so a former owner that wakes up cannot move the checkpoint.
/// </summary>
public interface ICheckpointStore
{
    /// <summary>Takes over a consumer: every earlier claim of it loses its right to write.</summary>
    /// <param name="consumer">The consumer's name: 1 to 255 bytes of UTF-8, no control characters.</param>
    /// <param name="owner">Who claims, for people to read: 1 to 255 bytes of UTF-8, no control characters.</param>
    /// <param name="cancellationToken">
    /// Gives up. The write may have happened all the same: claim again, and see where the consumer stands.
    /// </param>
    /// <returns>The claim, with the checkpoint that is stored.</returns>
    /// <exception cref="WriteOutcomeUnknownException">
    /// The claim may have been made: claim again, which raises the epoch once more and does no harm.
    /// </exception>
    Task<CheckpointClaim> ClaimAsync(string consumer, string owner, CancellationToken cancellationToken = default);

    /// <summary>Reads a consumer's checkpoint without claiming it.</summary>
    /// <param name="consumer">The consumer's name.</param>
    /// <param name="cancellationToken">Gives up asking.</param>
    /// <returns>The checkpoint; null when there is none.</returns>
    Task<Checkpoint?> LoadAsync(string consumer, CancellationToken cancellationToken = default);

    /// <summary>
    /// Moves the checkpoint from where the claim says it is. Saving the same checkpoint with the same claim again is
    /// idempotent, as long as nothing else was saved or claimed in between.
    /// </summary>
    /// <param name="claim">A claim, or what the last save returned.</param>
    /// <param name="checkpoint">The new checkpoint. It may lie before the old one: that is a reset.</param>
    /// <param name="cancellationToken">
    /// Gives up. The write may have happened all the same: claim again, and see where the consumer stands.
    /// </param>
    /// <returns>The claim to save with the next time.</returns>
    /// <exception cref="CheckpointConflictException">
    /// The epoch or the old position is another; nothing was written.
    /// </exception>
    /// <exception cref="StoreIdentityException">
    /// The checkpoint belongs to another store; nothing was written.
    /// </exception>
    /// <exception cref="WriteOutcomeUnknownException">
    /// The checkpoint may have been moved: save it again with the same claim to find out. A conflict then says only
    /// that somebody has claimed the consumer since.
    /// </exception>
    Task<CheckpointClaim> SaveAsync(
        CheckpointClaim claim, Checkpoint checkpoint, CancellationToken cancellationToken = default);
}
