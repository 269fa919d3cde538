namespace K1s0.EventStore.Sync;

/// <summary>Who a store belongs to.</summary>
/// <param name="Self">The origin that the replica writes as.</param>
/// <param name="Installation">
/// Names the place where the store is used, for example the machine's id; empty when nobody says. A store that is found
/// somewhere else is a copy.
/// </param>
public sealed record ReplicaIdentity(Origin Self, string Installation);
