namespace K1s0.EventStore.Sync;

/// <summary>
/// A transaction that a participant has promised to commit or abort, and of which it has not heard since.
/// </summary>
/// <param name="TransactionId">The transaction.</param>
/// <param name="Coordinator">Who decides it.</param>
/// <param name="PreparedAt">Since when.</param>
/// <param name="Streams">The streams that it holds.</param>
public sealed record InDoubtTransaction(
    Guid TransactionId, string Coordinator, DateTimeOffset PreparedAt, IReadOnlyList<StreamId> Streams);
