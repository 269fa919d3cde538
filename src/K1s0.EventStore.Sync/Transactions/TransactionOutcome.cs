namespace K1s0.EventStore.Sync;

/// <summary>How a transaction ended, or did not.</summary>
/// <param name="TransactionId">The transaction.</param>
/// <param name="Status">
/// Committed: every participant does it, those that could not be told yet as soon as they can. Aborted: nobody does it.
/// Undecided: the coordinator's own store failed in the middle; recovery finds out.
/// </param>
/// <param name="Reason">Why it was aborted or is undecided; null when it is committed.</param>
/// <param name="IsEverywhere">Whether every participant has confirmed the outcome.</param>
public sealed record TransactionOutcome(
    Guid TransactionId, TransactionStatus Status, string? Reason, bool IsEverywhere);
