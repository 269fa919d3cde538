namespace K1s0.EventStore.Sync;

/// <summary>How a session ended.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Detail">Why, in words.</param>
/// <param name="Report">What the round did; null when the session ended before a whole round.</param>
public sealed record SyncOutcome(SyncEndReason Reason, string Detail, SyncReport? Report)
{
    /// <summary>
    /// What became of the snapshot that this side wanted; null in all other sessions, also where one was given.
    /// </summary>
    public Snapshots.SnapshotReport? Snapshot { get; init; }

    /// <summary>
    /// Whether there was a whole round: both sides hold the same now, but for what the report says was refused, is
    /// forked or is lacking (<see cref="SyncReport.Lacking"/>).
    /// </summary>
    public bool IsCompleted => Reason is SyncEndReason.Completed && Report is not null;
}
