namespace K1s0.EventStore;

/// <summary>What one step of the sealer did.</summary>
/// <param name="IsLeader">Whether this process holds the lease; if not, another one seals.</param>
/// <param name="Leaves">How many leaves were added.</param>
/// <param name="HasMore">Whether the batch was full, so that there may be more at once.</param>
public readonly record struct SealStep(bool IsLeader, int Leaves, bool HasMore);
