namespace K1s0.EventStore.Samples.Tests.Doubles;

/// <summary>A store that breaks one promise.</summary>
internal sealed class CarelessStore(InMemoryEventStore store) : IEventStore
{
    public bool IgnoresExpectedVersion { get; init; }

    public bool ForgetsEventIds { get; init; }

    public Task<AppendResult> AppendAsync(
        StreamId streamId,
        IEnumerable<EventEnvelope> events,
        long? expectedVersion = null,
        CancellationToken cancellationToken = default) =>
        store.AppendAsync(
            streamId,
            ForgetsEventIds ? events.Select(envelope => envelope with { Id = Guid.CreateVersion7() }) : events,
            ExpectedVersion.From(IgnoresExpectedVersion ? null : expectedVersion),
            cancellationToken);

    public Task<IReadOnlyList<EventEnvelope>> LoadAsync(
        StreamId streamId,
        long fromVersion = 0,
        long? toVersion = null,
        CancellationToken cancellationToken = default) =>
        store.LoadAsync(streamId, fromVersion, toVersion, cancellationToken);

    public Task<bool> ExistsAsync(StreamId streamId, CancellationToken cancellationToken = default) =>
        store.ExistsAsync(streamId, cancellationToken);
}
