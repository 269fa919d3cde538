namespace K1s0.EventStore.Sync;

/// <summary>How two histories stand to each other.</summary>
public enum CausalRelation
{
    /// <summary>Both have seen the same.</summary>
    Equal,

    /// <summary>The other has seen everything that this has, and more.</summary>
    Before,

    /// <summary>This has seen everything that the other has, and more.</summary>
    After,

    /// <summary>Each has seen something that the other has not.</summary>
    Concurrent,
}
