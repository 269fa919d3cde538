namespace K1s0.EventStore.Tests;

internal sealed record EventVector(
    Guid EventId,
    string EventType,
    int SchemaVersion,
    DateTimeOffset OccurredAt,
    string MetadataHex,
    string PayloadHex,
    string ContentDigest,
    string ChainHash);
