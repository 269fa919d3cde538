namespace K1s0.EventStore.Sync;

/// <summary>
/// Names one event among all replicas: its origin and its place in that origin's log. The default value names none.
/// </summary>
/// <param name="Origin">Who wrote it.</param>
/// <param name="Sequence">Its place in the log: 1 for the first, without gaps.</param>
public readonly record struct Dot(Origin Origin, long Sequence)
{
    /// <summary>Origin and sequence with a colon between them, for people.</summary>
    public override string ToString() => $"{Origin}:{Sequence}";
}
