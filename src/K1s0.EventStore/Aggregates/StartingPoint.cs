using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>A state at a version, out of the cache or a snapshot, that folding may start from.</summary>
/// <param name="Version">The version of the last event in the state; 0 for the initial state.</param>
/// <param name="ChainHash">The chain hash at that version.</param>
/// <param name="GetState">The state: an object of the caller's own, or one that never changes.</param>
internal sealed record StartingPoint<TState>(long Version, Sha256Digest ChainHash, Func<TState> GetState);
