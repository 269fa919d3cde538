namespace K1s0.EventStore;

/// <summary>
/// A subscription has not come to a position in time, or has ended before it. What was appended is stored all the same:
/// read it from its stream, or wait again.
/// </summary>
public sealed class SubscriptionBehindException : EventStoreException
{
    /// <summary>A subscription that is behind.</summary>
    /// <param name="subscription">The name of the subscription.</param>
    /// <param name="awaited">The position that was waited for.</param>
    /// <param name="reached">Where the subscription stands.</param>
    /// <param name="innerException">What the subscription ended with; null when it is only late.</param>
    public SubscriptionBehindException(
        string subscription, Position awaited, Position reached, Exception? innerException = null)
        : base(
            innerException is null
                ? $"Subscription {subscription} stands at {reached} and did not come to {awaited} in time."
                : $"Subscription {subscription} ended at {reached} and does not come to {awaited}.",
            innerException) =>
        (Subscription, Awaited, Reached) = (subscription, awaited, reached);

    /// <summary>The name of the subscription.</summary>
    public string Subscription { get; }

    /// <summary>The position that was waited for.</summary>
    public Position Awaited { get; }

    /// <summary>Where the subscription stood when the wait ended.</summary>
    public Position Reached { get; }

    /// <summary>True for one that is only late; one that ended has to be run again first.</summary>
    public override bool IsTransient => InnerException is null;
}
