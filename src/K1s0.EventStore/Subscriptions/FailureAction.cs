namespace K1s0.EventStore;

/// <summary>What becomes of an event whose handler failed at every attempt.</summary>
public enum FailureAction
{
    /// <summary>
    /// No event of that stream is handled any more, all others are; the checkpoint stays before the event, and health
    /// says so. Run the subscription again to go on: what came behind the event is then handed over once more.
    /// </summary>
    StopKey,

    /// <summary>The subscription ends with <see cref="SubscriptionStoppedException"/>; health says so.</summary>
    StopAll,

    /// <summary>
    /// The event is put aside with its cause, and so are later events of that stream, until <see
    /// cref="Subscription.ReplayParkedAsync"/> has handled them in order. The checkpoint moves on.
    /// </summary>
    Park,

    /// <summary>The event is passed over, counted and logged. The checkpoint moves on.</summary>
    Skip,
}
