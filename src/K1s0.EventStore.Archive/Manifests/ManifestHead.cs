using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>The first line of a manifest.</summary>
internal sealed record ManifestHead(
    long Number,
    long Base,
    StoreIdentity Store,
    long LeaderEpoch,
    DateTimeOffset CreatedAt,
    Sha256Digest Previous,
    int Removed,
    int Added,
    int Batches,
    long Events,
    long ContentBytes,
    long StoredBytes);
