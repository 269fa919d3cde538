namespace K1s0.EventStore.Conformance;

/// <summary>Everything that can be seen of one stream.</summary>
public sealed record StreamState(
    bool Exists, StreamHead Head, IReadOnlyList<StoredEvent> Events, IReadOnlyList<StoredEvent> Feed);
