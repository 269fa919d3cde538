namespace K1s0.EventStore;

/// <summary>A stream whose events a subscription does not handle any more.</summary>
/// <param name="StreamId">The stream.</param>
/// <param name="Position">The event that failed.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="Cause">What the last attempt ended with.</param>
public sealed record StoppedKey(StreamId StreamId, Position Position, int Attempts, Exception Cause);
