namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>An append of the workload that the store has answered; in a transaction, it is not committed yet.</summary>
/// <param name="Sent">When it was sent, on the record's own clock.</param>
/// <param name="Result">The answer.</param>
/// <param name="EventIds">The events, in order.</param>
internal sealed record SentAppend(long Sent, AppendResult Result, IReadOnlyList<Guid> EventIds);
