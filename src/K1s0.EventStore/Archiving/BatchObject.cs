using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>The object that a batch is stored as.</summary>
/// <param name="Key">Its key, 1 to 512 characters.</param>
/// <param name="StoredBytes">Its length in bytes.</param>
/// <param name="Digest">The SHA-256 of its content.</param>
/// <param name="IndexDigest">
/// The SHA-256 of its index, which has the digests of its frames: what a read of a part is checked against.
/// </param>
public sealed record BatchObject(string Key, long StoredBytes, Sha256Digest Digest, Sha256Digest IndexDigest);
