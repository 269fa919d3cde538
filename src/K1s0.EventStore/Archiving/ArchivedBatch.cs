namespace K1s0.EventStore;

/// <summary>A batch that events are read from.</summary>
/// <param name="Plan">Which events it has.</param>
/// <param name="Stored">Its object.</param>
public sealed record ArchivedBatch(BatchPlan Plan, BatchObject Stored);
