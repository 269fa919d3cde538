namespace K1s0.EventStore.Sync.Simulation;

/// <summary>The disk failed, and the process lives on.</summary>
internal sealed class SimulatedDiskErrorException() : IOException("The simulated disk failed.");
