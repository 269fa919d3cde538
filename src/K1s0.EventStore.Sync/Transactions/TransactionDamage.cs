namespace K1s0.EventStore.Sync;

/// <summary>Where a transaction has not the same outcome everywhere, or not the one that was promised.</summary>
/// <param name="TransactionId">The transaction.</param>
/// <param name="Participant">The participant where it happened.</param>
/// <param name="Detail">What happened, as a sentence.</param>
public sealed record TransactionDamage(Guid TransactionId, string Participant, string Detail);
