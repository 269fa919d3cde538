namespace K1s0.EventStore.Archive;

/// <summary>A month that is to leave the database.</summary>
/// <param name="Month">The month.</param>
/// <param name="Obstacles">What would refuse it now; empty when nothing is in the way.</param>
public sealed record MonthPreview(ArchivableMonth Month, IReadOnlyList<ArchiveRefusedException> Obstacles);
