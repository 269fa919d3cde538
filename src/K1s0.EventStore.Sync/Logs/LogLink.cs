using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync;

/// <summary>An event of a log without its content: its place, its hash, and the hash that it builds on.</summary>
/// <param name="Sequence">Its place in the log, from 1.</param>
/// <param name="Hash">The hash computed from the bytes that are stored.</param>
/// <param name="Previous">The hash of the event before it.</param>
public readonly record struct LogLink(long Sequence, Sha256Digest Hash, Sha256Digest Previous);
