namespace K1s0.EventStore.Samples.Tests.Doubles;

/// <summary>A store that breaks one promise.</summary>
internal sealed class CarelessStore(IEventAppender appender, IStreamReader reader) : IEventStore
{
    public bool IgnoresExpectedVersion { get; init; }

    public bool ForgetsEventIds { get; init; }

    public Task<AppendResult> AppendAsync(
        StreamId streamId,
        IEnumerable<EventEnvelope> events,
        long? expectedVersion = null,
        CancellationToken cancellationToken = default) =>
        appender.AppendAsync(
            streamId,
            ForgetsEventIds ? events.Select(envelope => envelope with { Id = Guid.CreateVersion7() }) : events,
            ExpectedVersion.From(IgnoresExpectedVersion ? null : expectedVersion),
            cancellationToken);

    public async Task<IReadOnlyList<EventEnvelope>> LoadAsync(
        StreamId streamId,
        long fromVersion = 0,
        long? toVersion = null,
        CancellationToken cancellationToken = default) =>
        await reader.ReadStreamAsync(streamId, cancellationToken: cancellationToken)
            .Where(envelope => envelope.Version >= fromVersion && envelope.Version <= (toVersion ?? long.MaxValue))
            .ToListAsync(cancellationToken);

    public Task<bool> ExistsAsync(StreamId streamId, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("No step asks.");
}
