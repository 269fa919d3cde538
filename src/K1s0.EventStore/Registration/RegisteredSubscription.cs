namespace K1s0.EventStore;

/// <summary>What the container holds for a subscription.</summary>
/// <param name="Name">The name of the subscription.</param>
/// <param name="StoreName">The key of the store; empty for the one without a key.</param>
/// <param name="Live">The reader that all subscriptions of the store share.</param>
/// <param name="Checkpoints">Where checkpoints are kept.</param>
/// <param name="Parked">Where events are parked; null when the backend has no such place.</param>
/// <param name="Options">How the subscription works.</param>
/// <param name="TimeProvider">Measures waits and ages.</param>
/// <param name="Leases">
/// By which processes share the subscription; null when the backend has none, and one process must run it.
/// </param>
public sealed record RegisteredSubscription(
    string Name,
    string StoreName,
    LiveFeed Live,
    ICheckpointStore Checkpoints,
    IParkedEventStore? Parked,
    SubscriptionOptions Options,
    TimeProvider TimeProvider,
    SubscriptionLeases? Leases);
