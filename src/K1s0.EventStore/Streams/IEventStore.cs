namespace K1s0.EventStore;

/// <summary>
/// Streams of events with optimistic concurrency: the interface to inject into aggregates. Implementations are
/// thread-safe.
/// </summary>
/// <remarks>
/// A store also implements the roles <see cref="IEventAppender"/>, <see cref="IStreamReader"/> and
/// <see cref="IFeedReader"/>.
/// </remarks>
public interface IEventStore
{
    /// <summary>
    /// Adds events to the end of a stream, all or none. When the task succeeds, they are durable at the level that the
    /// store is configured for.
    /// </summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="events">
    /// The events in order, all of this stream. None: nothing is written, the expectation is checked.
    /// </param>
    /// <param name="expectedVersion">null: any; 0: the stream must not exist; n: it must hold exactly n events.</param>
    /// <param name="cancellationToken">
    /// Gives up as long as the append waits. Once the write is on its way the token is not looked at: giving up
    /// then would not tell whether the events are stored.
    /// </param>
    /// <returns>Where the events are.</returns>
    /// <exception cref="ConcurrencyException">The stream is at another version; nothing was written.</exception>
    /// <exception cref="EventIdReusedException">
    /// An id is already stored with other content; nothing was written.
    /// </exception>
    /// <exception cref="InvalidEventException">An event cannot be kept as it is; nothing was written.</exception>
    /// <exception cref="AppendOutcomeUnknownException">
    /// Nobody knows whether the events are stored. Append the same envelopes again: it is idempotent by event id.
    /// </exception>
    /// <exception cref="ArgumentException">
    /// An argument is null, negative, or an event belongs to another stream.
    /// </exception>
    Task<AppendResult> AppendAsync(
        StreamId streamId,
        IEnumerable<EventEnvelope> events,
        long? expectedVersion = null,
        CancellationToken cancellationToken = default);

    /// <summary>Reads a stream, or a range of its versions, in order.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="fromVersion">The first version to read; 0 and 1 both mean the beginning.</param>
    /// <param name="toVersion">The last version to read; null for the end.</param>
    /// <param name="cancellationToken">Gives up reading.</param>
    /// <returns>The events; empty when the stream does not exist or the range holds none.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A version is negative.</exception>
    Task<IReadOnlyList<EventEnvelope>> LoadAsync(
        StreamId streamId,
        long fromVersion = 0,
        long? toVersion = null,
        CancellationToken cancellationToken = default);

    /// <summary>Whether the stream holds an event.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="cancellationToken">Gives up asking.</param>
    Task<bool> ExistsAsync(StreamId streamId, CancellationToken cancellationToken = default);
}
