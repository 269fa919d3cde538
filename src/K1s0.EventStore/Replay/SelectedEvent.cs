namespace K1s0.EventStore;

/// <summary>An event that a replay goes through, and what is wrong with it before anybody handles it.</summary>
internal readonly record struct SelectedEvent(EventEnvelope Envelope, Exception? Defect);
