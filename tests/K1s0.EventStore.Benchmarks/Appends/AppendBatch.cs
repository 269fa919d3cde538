using K1s0.EventStore.Benchmarks.Events;

namespace K1s0.EventStore.Benchmarks.Appends;

/// <summary>Events that are appended together.</summary>
/// <param name="StreamId">The stream.</param>
/// <param name="StreamKey">The number of the stream in the plain tables.</param>
/// <param name="Version">How many events the stream holds before.</param>
/// <param name="PreviousId">The last event before; null for none.</param>
/// <param name="Events">The events in order.</param>
internal sealed record AppendBatch(
    StreamId StreamId, long StreamKey, long Version, Guid? PreviousId, SampleEvent[] Events)
{
    public IEnumerable<EventEnvelope> Envelopes => Events.Select(sample => sample.Envelope);
}
