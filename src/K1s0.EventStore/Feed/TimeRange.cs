namespace K1s0.EventStore;

/// <summary>What was recorded in a stretch of time, and what it cost to find.</summary>
/// <param name="Events">The events, in the order of their positions.</param>
/// <param name="ReadTo">How far the feed was looked through: where to continue when the limit was reached.</param>
/// <param name="IsComplete">Whether that is all; if not, the limit was reached.</param>
/// <param name="Pages">How many pages were read.</param>
/// <param name="Archive">What the archive was read for.</param>
/// <param name="Elapsed">How long it took in all.</param>
public sealed record TimeRange(
    IReadOnlyList<EventEnvelope> Events,
    Position ReadTo,
    bool IsComplete,
    int Pages,
    ArchiveScan Archive,
    TimeSpan Elapsed);
