namespace K1s0.EventStore;

/// <summary>An event that failed at every attempt.</summary>
internal sealed record HandlingFailure(int Attempts, Exception Cause);
