namespace K1s0.EventStore.Samples.Quickstart;

/// <summary>Something that a step claims did not hold.</summary>
internal sealed class StepFailedException(string message) : Exception(message);
