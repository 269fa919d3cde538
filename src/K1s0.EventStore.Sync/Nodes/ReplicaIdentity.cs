namespace K1s0.EventStore.Sync;

/// <summary>Who a store belongs to.</summary>
/// <param name="Self">The origin that the replica writes as.</param>
/// <param name="Installation">
/// Names the place where the store is used, for example the machine's id; empty when nobody says. A store that is found
/// somewhere else is a copy.
/// </param>
public sealed record ReplicaIdentity(Origin Self, string Installation)
{
    /// <summary>
    /// Whether the store was another one, or in another epoch, when that was written: it was restored since, or moved
    /// into a new store, and the replica goes on as a new origin.
    /// </summary>
    /// <value>False by default; a store says so when it is read.</value>
    public bool IsOfAnotherStore { get; init; }
}
