namespace K1s0.EventStore.Sync;

/// <summary>A part of a log: from one sequence to another, both included.</summary>
internal readonly record struct LogPart(Origin Origin, long First, long Last);
