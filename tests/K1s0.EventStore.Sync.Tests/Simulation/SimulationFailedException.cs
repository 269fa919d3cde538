namespace K1s0.EventStore.Sync.Simulation;

/// <summary>A promise that did not hold in a simulated run.</summary>
public sealed class SimulationFailedException(string message, Exception? inner = null) : Exception(message, inner);
