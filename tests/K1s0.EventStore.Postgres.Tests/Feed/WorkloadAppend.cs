namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>One append of the workload that the store acknowledged.</summary>
/// <param name="Sent">When it was sent, on the record's own clock.</param>
/// <param name="Acknowledged">When its writer knew it committed, on the record's own clock.</param>
/// <param name="AcknowledgedAt">The same as a time stamp of <see cref="System.Diagnostics.Stopwatch"/>.</param>
/// <param name="FirstPosition">The position of the first event.</param>
/// <param name="LastPosition">The position of the last event.</param>
/// <param name="EventIds">The events, in order.</param>
internal sealed record WorkloadAppend(
    long Sent,
    long Acknowledged,
    long AcknowledgedAt,
    long FirstPosition,
    long LastPosition,
    IReadOnlyList<Guid> EventIds);
