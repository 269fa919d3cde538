namespace K1s0.EventStore.Sync.Simulation;

/// <summary>What a run is mostly about. Some mistakes show only where much of one thing happens.</summary>
public enum WorldKind
{
    /// <summary>Whatever the seed says.</summary>
    Any,

    /// <summary>Slow links, which are followed, and nothing else that fails.</summary>
    Slow,

    /// <summary>Many snapshots of larger states, and nothing that makes logs differ.</summary>
    Snapshots,
}
