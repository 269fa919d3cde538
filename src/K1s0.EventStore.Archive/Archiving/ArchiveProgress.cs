namespace K1s0.EventStore.Archive;

/// <summary>How far a run is.</summary>
/// <param name="State">What was reached last.</param>
/// <param name="Last">The last position of the batch, or of the month's batches, that reached it.</param>
/// <param name="Events">How many events this run has verified so far.</param>
/// <param name="EventsInAll">How many it is to verify, as far as it was known when it began.</param>
public sealed record ArchiveProgress(ArchiveState State, Position Last, long Events, long EventsInAll);
