namespace K1s0.EventStore.Sync;

/// <summary>A part of a log in which other events stand now than before.</summary>
/// <param name="Origin">Whose log.</param>
/// <param name="First">The first event that is another now.</param>
/// <param name="Last">The last one.</param>
public sealed record AdoptedBranch(Origin Origin, long First, long Last);
