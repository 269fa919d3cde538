namespace K1s0.EventStore.Sync;

/// <summary>What a participant has recorded of the end of a transaction.</summary>
/// <param name="Type">The type of the first event: committed, aborted or refused.</param>
/// <param name="IsForced">Whether an operator decided it, for this node only.</param>
/// <param name="IsDamaged">Whether damage is recorded.</param>
internal sealed record RecordedOutcome(string Type, bool IsForced, bool IsDamaged)
{
    public bool IsCommitted => string.Equals(Type, TransactionStreams.Committed, StringComparison.Ordinal);

    /// <summary>What it says about the transaction as a whole.</summary>
    public TransactionStatus Status =>
        IsForced ? TransactionStatus.Undecided
        : IsCommitted ? TransactionStatus.Committed
        : TransactionStatus.Aborted;

    /// <summary>Null when there are no events.</summary>
    public static RecordedOutcome? Of(IReadOnlyList<EventEnvelope> events) => events is [var first, ..]
        ? new RecordedOutcome(
            first.EventType,
            first.Payload.TryGetProperty(TransactionStreams.ForcedBy, out _),
            events.Any(one => string.Equals(one.EventType, TransactionStreams.Damaged, StringComparison.Ordinal)))
        : null;
}
