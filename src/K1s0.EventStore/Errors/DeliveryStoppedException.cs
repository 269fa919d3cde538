namespace K1s0.EventStore;

/// <summary>
/// The application threw when it was told of an event, and is told of none any more: its view is behind. The events are
/// durable. Build the view anew from the history; that begins the telling again.
/// </summary>
public sealed class DeliveryStoppedException : EventStoreException
{
    /// <summary>A delivery that stopped.</summary>
    /// <param name="undelivered">The first event that the application has not taken, in words.</param>
    /// <param name="innerException">What the application threw.</param>
    public DeliveryStoppedException(string undelivered, Exception innerException)
        : base(
            $"The application failed over {undelivered}, which is durable, and is told of nothing since: "
                + $"{innerException?.Message} Build its view anew from the history.",
            innerException) => Undelivered = undelivered;

    /// <summary>The first event that the application has not taken, in words.</summary>
    public string Undelivered { get; }
}
