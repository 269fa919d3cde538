namespace K1s0.EventStore.Sync;

/// <summary>What a queue's store holds.</summary>
/// <param name="Entries">All entries, by number.</param>
/// <param name="Done">
/// Ids of operations that were done with lately, as far as the store remembers: who asks for one of them again, because
/// an answer got lost, gets it no second time.
/// </param>
public sealed record QueueContents(IReadOnlyList<QueueEntry> Entries, IReadOnlyCollection<Guid> Done);
