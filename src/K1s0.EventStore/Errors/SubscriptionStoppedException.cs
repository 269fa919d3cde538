namespace K1s0.EventStore;

/// <summary>
/// A subscription ended, because an event failed at every attempt and its options say that nothing may pass it. The
/// checkpoint stands before the event.
/// </summary>
public sealed class SubscriptionStoppedException : EventStoreException
{
    /// <summary>A subscription that ended.</summary>
    /// <param name="subscription">The name of the subscription.</param>
    /// <param name="envelope">The event that failed.</param>
    /// <param name="attempts">How often it was tried.</param>
    /// <param name="reason">Why the subscription cannot go on.</param>
    /// <param name="innerException">What the last attempt ended with.</param>
    public SubscriptionStoppedException(
        string subscription, EventEnvelope envelope, int attempts, string reason, Exception? innerException)
        : base($"Subscription {subscription} stopped at {envelope} after {attempts} attempts: {reason}",
            innerException)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        (Subscription, StreamId, Position, Attempts) =
            (subscription, envelope.StreamId, envelope.Position, attempts);
    }

    /// <summary>The name of the subscription.</summary>
    public string Subscription { get; }

    /// <summary>The stream of the event that failed.</summary>
    public StreamId StreamId { get; }

    /// <summary>The place of the event that failed.</summary>
    public Position Position { get; }

    /// <summary>How often it was tried.</summary>
    public int Attempts { get; }
}
