using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>A frame of a batch: some events that are compressed together, and read together.</summary>
/// <param name="Offset">The place of its first byte in the object.</param>
/// <param name="Length">Its length in bytes, compressed.</param>
/// <param name="ContentLength">The length of its lines in bytes.</param>
/// <param name="EventCount">How many events it has.</param>
/// <param name="First">The position of its first event.</param>
/// <param name="Last">The position of its last event.</param>
/// <param name="Earliest">The earliest time that one of its events was recorded at.</param>
/// <param name="Latest">The latest such time.</param>
/// <param name="Digest">The SHA-256 of its compressed bytes.</param>
public sealed record EventBatchFrame(
    long Offset,
    int Length,
    int ContentLength,
    int EventCount,
    Position First,
    Position Last,
    DateTimeOffset Earliest,
    DateTimeOffset Latest,
    Sha256Digest Digest)
{
    /// <summary>The length of the frame's filter over streams, in bytes.</summary>
    internal int FilterLength { get; init; }
}
