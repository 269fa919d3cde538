namespace K1s0.EventStore.Benchmarks.Events;

/// <summary>An event for either side; the plain one gets the indexed members handed instead of reading them.</summary>
internal sealed record SampleEvent(EventEnvelope Envelope, string Actor, string CorrelationId);
