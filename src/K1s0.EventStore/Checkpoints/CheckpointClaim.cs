namespace K1s0.EventStore;

/// <summary>The right to move a consumer's checkpoint, until somebody else claims it.</summary>
/// <param name="Consumer">The consumer's name.</param>
/// <param name="Owner">Who claimed it.</param>
/// <param name="Epoch">Raised by every claim; a write with an older epoch is refused.</param>
/// <param name="Checkpoint">Where the consumer stands; null when it never wrote a checkpoint.</param>
public sealed record CheckpointClaim(string Consumer, string Owner, long Epoch, Checkpoint? Checkpoint);
