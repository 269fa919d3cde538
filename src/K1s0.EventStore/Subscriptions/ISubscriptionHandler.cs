namespace K1s0.EventStore;

/// <summary>What a subscription does with an event.</summary>
/// <remarks>
/// An event is handed over at least once: again after a crash, a restart or a failed attempt. Events of one stream come
/// one after the other, in order; with several lanes, events of different streams come at the same time, so the
/// handler must be thread-safe then. <see cref="IdempotencyKey"/> gives a key under which another system can recognise
/// a repetition.
/// </remarks>
public interface ISubscriptionHandler
{
    /// <summary>Handles one event. When the task succeeds, the event counts as handled.</summary>
    /// <param name="envelope">The event, as it is stored.</param>
    /// <param name="cancellationToken">The subscription stops; the event comes again.</param>
    /// <remarks>
    /// An exception is a failed attempt: it is repeated, and then dealt with as <see
    /// cref="SubscriptionOptions.OnFailure"/> says. An <see cref="EventNotUnderstoodException"/> is not repeated.
    /// </remarks>
    ValueTask HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken);
}
