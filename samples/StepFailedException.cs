namespace K1s0.EventStore.Samples;

/// <summary>Something that the sample claims did not hold.</summary>
internal sealed class StepFailedException(string message) : Exception(message);
