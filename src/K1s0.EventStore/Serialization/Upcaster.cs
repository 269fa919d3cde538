namespace K1s0.EventStore;

/// <summary>One step from an older shape to a newer one.</summary>
/// <param name="Step">The events that an event stands for.</param>
/// <param name="Target">What comes out, where that is known before an event is seen.</param>
internal sealed record Upcaster(
    Func<RawEvent, IEnumerable<RawEvent>> Step, (string Type, int SchemaVersion)? Target);
