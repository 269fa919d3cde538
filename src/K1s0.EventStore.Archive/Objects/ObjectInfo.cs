using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>What is known of an object without reading it.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Length">The length of its content in bytes.</param>
/// <param name="Digest">The SHA-256 of its content as it was put; none when somebody else put it.</param>
/// <param name="Attributes">Metadata and storage class.</param>
/// <param name="StoredAt">When it was stored or moved to another class, by the clock of the backend.</param>
/// <param name="Restoration">Whether it can be read.</param>
public sealed record ObjectInfo(
    ObjectKey Key,
    long Length,
    Sha256Digest Digest,
    ObjectAttributes Attributes,
    DateTimeOffset StoredAt,
    Restoration Restoration);
