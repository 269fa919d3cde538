using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Postgres;

/// <summary>Where this process believes the end of a stream to be. A belief only: the append checks it.</summary>
internal readonly record struct KnownHead(long Version, Sha256Digest Hash);
