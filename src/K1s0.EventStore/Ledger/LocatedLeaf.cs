using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>Where the log has an event, with what its proof needs. Immutable.</summary>
/// <param name="Record">What the log commits to, made of what the store has now.</param>
/// <param name="PreviousLink">The chain hash of the event before it in its stream.</param>
/// <param name="Index">The index of its leaf, if it is sealed; else a number not below the size of the log.</param>
/// <param name="Note">The newest signed head; null when there is none.</param>
public sealed record LocatedLeaf(LeafRecord Record, Sha256Digest PreviousLink, long Index, SignedNote? Note);
