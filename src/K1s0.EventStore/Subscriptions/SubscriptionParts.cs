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
    SubscriptionProgress Progress);
