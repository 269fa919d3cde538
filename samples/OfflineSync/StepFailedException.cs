namespace K1s0.EventStore.Samples.OfflineSync;

internal sealed class StepFailedException(string message) : Exception(message);
