using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>A position up to which everything is finished.</summary>
/// <param name="Position">The position.</param>
/// <param name="ChainHash">The chain hash of the event there; the default value when there is none, or it is not
/// known.</param>
internal readonly record struct LowWaterMark(Position Position, Sha256Digest ChainHash);
