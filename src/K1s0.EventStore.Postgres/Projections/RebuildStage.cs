namespace K1s0.EventStore.Postgres;

/// <summary>What a rebuild is doing.</summary>
public enum RebuildStage
{
    /// <summary>It applies events to the new tables.</summary>
    Applying,

    /// <summary>It counts the events of the feed.</summary>
    Verifying,

    /// <summary>It waits for its turn to swap the tables, and swaps them.</summary>
    Swapping,
}
