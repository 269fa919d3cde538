namespace K1s0.EventStore.Sync;

/// <summary>What one participant is to do in a transaction.</summary>
/// <param name="TransactionId">The transaction.</param>
/// <param name="Coordinator">The name of the coordinator, who decides.</param>
/// <param name="Participants">The names of all participants, who can be asked when the coordinator cannot.</param>
/// <param name="Appends">The events, and what their streams are expected to be like; each stream once.</param>
public sealed record PreparedWork(
    Guid TransactionId, string Coordinator, IReadOnlyList<string> Participants, IReadOnlyList<StreamAppend> Appends);
