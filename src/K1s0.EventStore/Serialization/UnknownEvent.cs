namespace K1s0.EventStore;

/// <summary>Stands for a stored event that is not understood, where a reader is tolerant.</summary>
/// <param name="Envelope">The event as it is stored.</param>
/// <param name="Cause">Why it is not understood.</param>
public sealed record UnknownEvent(EventEnvelope Envelope, EventNotUnderstoodException Cause);
