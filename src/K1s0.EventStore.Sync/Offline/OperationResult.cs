namespace K1s0.EventStore.Sync;

/// <summary>The answer to an operation.</summary>
/// <param name="Id">The operation's id.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Reason">Why it was rejected or failed; null otherwise. A queue keeps 1,000 characters of it.</param>
public sealed record OperationResult(Guid Id, OperationOutcome Outcome, string? Reason = null);
