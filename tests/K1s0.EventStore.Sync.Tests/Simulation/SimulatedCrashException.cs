namespace K1s0.EventStore.Sync.Simulation;

/// <summary>The process died in the middle of what the disk was doing.</summary>
internal sealed class SimulatedCrashException() : Exception("The simulated process died.");
