namespace K1s0.EventStore.Sync.Tests;

/// <summary>
/// A mistake that somebody could make: one place of the source, and what would stand there; and the seed that found it
/// last, which is tried first.
/// </summary>
public sealed record PlantedBug(string Name, string File, string Right, string Wrong, ulong Seed = 1)
{
    public override string ToString() => Name;
}
