using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>An event of the feed as the log sees it.</summary>
/// <param name="Position">Its place in the feed.</param>
/// <param name="Record">What the log commits to.</param>
public readonly record struct SettledLeaf(Position Position, LeafRecord Record);
