namespace K1s0.EventStore.Sync;

/// <summary>
/// A call of a transaction that failed. Nothing is decided by that: the next recovery makes the call again.
/// </summary>
/// <param name="TransactionId">The transaction.</param>
/// <param name="Name">The coordinator or participant that was called, or whose own store failed.</param>
/// <param name="Reason">What it threw.</param>
public sealed record TransactionFailure(Guid TransactionId, string Name, Exception Reason);
