namespace K1s0.EventStore;

/// <summary>A part of the feed that was read from the archive.</summary>
/// <param name="Events">The events that the filter let through, in the order of their positions.</param>
/// <param name="ReadTo">How far the batches were looked through.</param>
/// <param name="IsComplete">Whether all batches that were given were looked through to their ends.</param>
/// <param name="Scan">What it cost.</param>
public sealed record ArchivedStretch(
    IReadOnlyList<EventEnvelope> Events, Position ReadTo, bool IsComplete, ArchiveScan Scan);
