using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>
/// How far a consumer has come in the feed, with what is needed to notice that the feed is not the same any more.
/// </summary>
/// <param name="Position">Everything up to here has been handled.</param>
/// <param name="Store">The store that the position belongs to.</param>
/// <param name="ChainHash">The chain hash of the event at the position; the default value when there is none.</param>
public sealed record Checkpoint(Position Position, StoreIdentity Store, Sha256Digest ChainHash = default);
