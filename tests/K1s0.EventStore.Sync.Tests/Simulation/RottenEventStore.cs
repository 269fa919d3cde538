namespace K1s0.EventStore.Sync.Simulation;

/// <summary>A store of which some events read as others than were written, as from a disk that rots.</summary>
internal sealed class RottenEventStore(InMemoryEventStore inner) : IEventStore, IEventAppender, IStreamReader
{
    private readonly Dictionary<(StreamId Stream, long Version), Func<EventEnvelope, EventEnvelope>> _rotten = [];

    public void Rot(StreamId stream, long version) =>
        Rot(stream, version, stored => stored with { PayloadUtf8 = "\"rotten\""u8.ToArray() });

    public void Rot(StreamId stream, long version, Func<EventEnvelope, EventEnvelope> how) =>
        _rotten[(stream, version)] = how;

    /// <summary>The disk reads it right again.</summary>
    public void Heal(StreamId stream, long version) => _rotten.Remove((stream, version));

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
        return _rotten.Count == 0 ? loaded : [.. loaded.Select(Read)];
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
            yield return Read(stored);
        }
    }

    public Task<StreamHead> GetHeadAsync(StreamId streamId, CancellationToken cancellationToken = default) =>
        inner.GetHeadAsync(streamId, cancellationToken);

    private EventEnvelope Read(EventEnvelope stored) =>
        _rotten.TryGetValue((stored.StreamId, stored.Version), out var how) ? how(stored) : stored;
}
