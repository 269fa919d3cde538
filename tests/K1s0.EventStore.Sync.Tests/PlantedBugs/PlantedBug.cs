namespace K1s0.EventStore.Sync.Tests;

/// <summary>A mistake that somebody could make: one place of the source, and what would stand there.</summary>
public sealed record PlantedBug(string Name, string File, string Right, string Wrong)
{
    public override string ToString() => Name;
}
