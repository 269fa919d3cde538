namespace K1s0.EventStore.Sync;

/// <summary>What an event does to a set. The default value names no element and is refused.</summary>
/// <param name="Element">The element.</param>
/// <param name="IsAdd">Whether it is added; otherwise it is removed.</param>
public readonly record struct SetChange(string Element, bool IsAdd);
