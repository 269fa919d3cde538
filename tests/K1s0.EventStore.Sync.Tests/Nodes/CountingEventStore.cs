namespace K1s0.EventStore.Sync.Tests;

/// <summary>Counts the events that are loaded.</summary>
internal sealed class CountingEventStore(InMemoryEventStore inner) : IEventStore, IEventAppender, IStreamReader
{
    public int Loaded { get; set; }

    public Task<AppendResult> AppendAsync(
        StreamId streamId,
        IEnumerable<EventEnvelope> events,
        long? expectedVersion = null,
        CancellationToken cancellationToken = default) =>
        inner.AppendAsync(streamId, events, expectedVersion, cancellationToken);

    public Task<AppendResult> AppendAsync(
        StreamId streamId,
        IEnumerable<EventEnvelope> events,
        ExpectedVersion expected,
        CancellationToken cancellationToken = default) =>
        inner.AppendAsync(streamId, events, expected, cancellationToken);

    public Task<IReadOnlyList<AppendResult>> AppendAsync(
        IReadOnlyCollection<StreamAppend> appends, CancellationToken cancellationToken = default) =>
        inner.AppendAsync(appends, cancellationToken);

    public async Task<IReadOnlyList<EventEnvelope>> LoadAsync(
        StreamId streamId, long fromVersion = 0, long? toVersion = null, CancellationToken cancellationToken = default)
    {
        var loaded = await inner.LoadAsync(streamId, fromVersion, toVersion, cancellationToken);
        Loaded += loaded.Count;
        return loaded;
    }

    public Task<bool> ExistsAsync(StreamId streamId, CancellationToken cancellationToken = default) =>
        inner.ExistsAsync(streamId, cancellationToken);

    public async IAsyncEnumerable<EventEnvelope> ReadStreamAsync(
        StreamId streamId,
        ReadDirection direction = ReadDirection.Forward,
        StreamVersion? from = null,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var stored in inner.ReadStreamAsync(streamId, direction, from, cancellationToken))
        {
            Loaded++;
            yield return stored;
        }
    }

    public Task<StreamHead> GetHeadAsync(StreamId streamId, CancellationToken cancellationToken = default) =>
        inner.GetHeadAsync(streamId, cancellationToken);
}
