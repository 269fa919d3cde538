namespace K1s0.EventStore;

/// <summary>Where a load starts from.</summary>
internal enum StateSource
{
    /// <summary>The first event.</summary>
    Beginning,

    /// <summary>A snapshot.</summary>
    Snapshot,

    /// <summary>What the process remembers.</summary>
    Cache,
}
