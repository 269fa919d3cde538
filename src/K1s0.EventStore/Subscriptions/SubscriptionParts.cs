using Microsoft.Extensions.Logging;

namespace K1s0.EventStore;

/// <summary>What the parts of one subscription share.</summary>
internal sealed record SubscriptionParts(
    string Name,
    SubscriptionOptions Options,
    FailureAction OnFailure,
    LiveFeed Live,
    ICheckpointStore Checkpoints,
    IParkedEventStore? Parked,
    SubscriptionLeases? Leases,
    TimeProvider TimeProvider,
    ILogger Logger,
    SubscriptionProgress Progress)
{
    /// <summary>Whether a failed run is not tried again.</summary>
    public bool IsFinal(Exception e) =>
        e is SubscriptionStoppedException or StoreIdentityException or FeedDivergedException
        || (e is CheckpointConflictException && Leases is null);

    /// <summary>Whether another process has taken the subscription over.</summary>
    public bool IsLost(Exception e) => Leases is not null && e is LeaseLostException or CheckpointConflictException;
}
