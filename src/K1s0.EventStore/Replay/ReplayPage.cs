namespace K1s0.EventStore;

/// <summary>Events that a selection may want, and how far all was looked through.</summary>
internal sealed record ReplayPage(IReadOnlyList<EventEnvelope> Events, Position ReadTo);
