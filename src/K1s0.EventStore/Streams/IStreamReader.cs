namespace K1s0.EventStore;

/// <summary>Reading one stream without loading it whole. Implementations are thread-safe.</summary>
public interface IStreamReader
{
    /// <summary>
    /// Reads a stream page by page, forward or backward; no connection is held while the consumer works.
    /// </summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="direction">Towards higher or lower versions.</param>
    /// <param name="from">
    /// The first version to yield. null: the beginning when reading forward, the end when reading backward.
    /// </param>
    /// <param name="cancellationToken">Gives up reading.</param>
    /// <returns>The events; none when the stream does not exist.</returns>
    IAsyncEnumerable<EventEnvelope> ReadStreamAsync(
        StreamId streamId,
        ReadDirection direction = ReadDirection.Forward,
        StreamVersion? from = null,
        CancellationToken cancellationToken = default);

    /// <summary>The end of the stream: its version, last event and chain hash.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="cancellationToken">Gives up asking.</param>
    /// <returns>The head; its version is 0 when the stream does not exist.</returns>
    Task<StreamHead> GetHeadAsync(StreamId streamId, CancellationToken cancellationToken = default);
}
