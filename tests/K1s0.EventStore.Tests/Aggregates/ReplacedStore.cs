namespace K1s0.EventStore.Tests.Aggregates;

/// <summary>A store behind which another one can be put, as by a restore.</summary>
internal sealed class ReplacedStore(InMemoryEventStore inner) : IEventStore
{
    public InMemoryEventStore Inner { get; set; } = inner;

    public Task<AppendResult> AppendAsync(
        StreamId streamId,
        IEnumerable<EventEnvelope> events,
        long? expectedVersion = null,
        CancellationToken cancellationToken = default) =>
        Inner.AppendAsync(streamId, events, expectedVersion, cancellationToken);

    public Task<IReadOnlyList<EventEnvelope>> LoadAsync(
        StreamId streamId,
        long fromVersion = 0,
        long? toVersion = null,
        CancellationToken cancellationToken = default) =>
        Inner.LoadAsync(streamId, fromVersion, toVersion, cancellationToken);

    public Task<bool> ExistsAsync(StreamId streamId, CancellationToken cancellationToken = default) =>
        Inner.ExistsAsync(streamId, cancellationToken);
}
