using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>A fold on its way through a stream.</summary>
internal sealed class FoldRun<TState>(StartingPoint<TState> start)
{
    public long StartedAt => start.Version;

    public TState State { get; set; } = start.GetState();

    public long Version { get; set; } = start.Version;

    public Sha256Digest ChainHash { get; set; } = start.ChainHash;

    /// <summary>Events that were not understood.</summary>
    public long PassedOver { get; set; }
}
