namespace K1s0.EventStore.Sync;

/// <summary>
/// One life of a replica: the writer of one log. A replica that lost the end of its log, was cloned or was restored
/// goes on under a new incarnation, so that no two events ever bear the same dot. The default value is no origin.
/// </summary>
/// <param name="Replica">The replica.</param>
/// <param name="Incarnation">
/// Which life: 0 for the first; later ones are drawn at random, because two clones must not draw the same.
/// </param>
public readonly record struct Origin(ReplicaId Replica, ulong Incarnation)
{
    /// <summary>The replica, and the incarnation in digits when it is not the first.</summary>
    public override string ToString() => Incarnation == 0 ? $"{Replica}" : $"{Replica}#{Incarnation}";

    /// <summary>By replica, then by incarnation.</summary>
    internal static int Compare(Origin left, Origin right)
    {
        var byReplica = left.Replica.Value.CompareTo(right.Replica.Value);
        return byReplica != 0 ? byReplica : left.Incarnation.CompareTo(right.Incarnation);
    }
}
