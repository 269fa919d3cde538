namespace K1s0.EventStore.Sync.Beginnings.Tests;

/// <summary>A store that fails at an append, before it or when it is done.</summary>
internal sealed class BreakingEventStore(InMemoryEventStore inner) : IEventStore, IEventAppender, IStreamReader
{
    /// <summary>Which appends fail; none of what they append is stored.</summary>
    public Func<IReadOnlyCollection<StreamAppend>, bool> FailsBefore { get; set; } = _ => false;

    /// <summary>Which appends fail when all is stored.</summary>
    public Func<IReadOnlyCollection<StreamAppend>, bool> FailsBehind { get; set; } = _ => false;

    /// <summary>How many of the readings that follow fail.</summary>
    public int Unreadable { get; set; }

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

    public async Task<IReadOnlyList<AppendResult>> AppendAsync(
        IReadOnlyCollection<StreamAppend> appends, CancellationToken cancellationToken = default)
    {
        if (FailsBefore(appends))
        {
            throw new IOException("The disk is gone.");
        }

        var results = await inner.AppendAsync(appends, cancellationToken);
        return FailsBehind(appends) ? throw new IOException("The disk is gone.") : results;
    }

    public Task<IReadOnlyList<EventEnvelope>> LoadAsync(
        StreamId streamId, long fromVersion = 0, long? toVersion = null, CancellationToken cancellationToken = default) =>
        Unreadable-- > 0
            ? throw new IOException("The disk is gone.")
            : inner.LoadAsync(streamId, fromVersion, toVersion, cancellationToken);

    public Task<bool> ExistsAsync(StreamId streamId, CancellationToken cancellationToken = default) =>
        inner.ExistsAsync(streamId, cancellationToken);

    public IAsyncEnumerable<EventEnvelope> ReadStreamAsync(
        StreamId streamId,
        ReadDirection direction = ReadDirection.Forward,
        StreamVersion? from = null,
        CancellationToken cancellationToken = default) =>
        inner.ReadStreamAsync(streamId, direction, from, cancellationToken);

    public Task<StreamHead> GetHeadAsync(StreamId streamId, CancellationToken cancellationToken = default) =>
        inner.GetHeadAsync(streamId, cancellationToken);
}
