namespace K1s0.EventStore;

/// <summary>
/// Appending with every kind of expectation, and to several streams at once. Implementations are thread-safe.
/// </summary>
/// <remarks>
/// A write has three outcomes. The task succeeds: durable. It fails with <see cref="AppendOutcomeUnknownException"/>:
/// nobody knows, so append the same envelopes again. It fails with anything else: certainly nothing was written.
/// Repeating an append with the same event ids is idempotent under every expectation: one copy is stored, and the
/// answer is the same.
/// </remarks>
public interface IEventAppender
{
    /// <summary>Adds events to the end of a stream, all or none.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="events">The events in order, all of this stream.</param>
    /// <param name="expected">What must be true of the stream.</param>
    /// <param name="cancellationToken">Gives up as long as the append waits.</param>
    /// <returns>Where the events are.</returns>
    /// <inheritdoc cref="IEventStore.AppendAsync" path="/exception"/>
    Task<AppendResult> AppendAsync(
        StreamId streamId,
        IEnumerable<EventEnvelope> events,
        ExpectedVersion expected,
        CancellationToken cancellationToken = default);

    /// <summary>
    /// Adds events to several streams: all of them, or none. Their positions follow the order of the elements.
    /// </summary>
    /// <param name="appends">One element a stream, each stream once, with its own expectation.</param>
    /// <param name="cancellationToken">Gives up as long as the append waits.</param>
    /// <returns>One result an element, in the same order.</returns>
    /// <inheritdoc cref="IEventStore.AppendAsync" path="/exception"/>
    Task<IReadOnlyList<AppendResult>> AppendAsync(
        IReadOnlyCollection<StreamAppend> appends,
        CancellationToken cancellationToken = default);
}
