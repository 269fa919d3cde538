namespace K1s0.EventStore;

/// <summary>What became of a value.</summary>
public enum JsonChangeKind
{
    /// <summary>It was not there before.</summary>
    Added,

    /// <summary>It is not there any more.</summary>
    Removed,

    /// <summary>It is another one.</summary>
    Changed,
}
