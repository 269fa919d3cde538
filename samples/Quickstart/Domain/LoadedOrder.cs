namespace K1s0.EventStore.Samples.Quickstart.Domain;

/// <summary>An order, and what it took to load it.</summary>
/// <param name="Order">The order.</param>
/// <param name="SnapshotVersion">The version of the snapshot that it started from; 0 for none.</param>
/// <param name="ReplayedEvents">The events that came on top.</param>
internal sealed record LoadedOrder(Order Order, long SnapshotVersion, int ReplayedEvents);
