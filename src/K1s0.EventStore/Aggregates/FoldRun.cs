using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>A fold on its way through a stream.</summary>
internal sealed class FoldRun<TState>(StartingPoint<TState> start)
{
    public long StartedAt => start.Version;

    public StateSource Source => start.Source;

    public long SnapshotVersion => start.SnapshotVersion;

    public DateTimeOffset? OldestBehind { get; private set; } = start.OldestBehind;

    public TState State { get; set; } = start.GetState();

    public long Version { get; private set; } = start.Version;

    public Sha256Digest ChainHash { get; private set; } = start.ChainHash;

    /// <summary>Events that were not understood.</summary>
    public long PassedOver { get; set; }

    /// <summary>Goes on to an event whose place in the stream is behind the one before.</summary>
    public void MoveTo(EventEnvelope envelope)
    {
        (Version, ChainHash) = (envelope.Version, envelope.ChainHash);
        OldestBehind ??= envelope.RecordedAt;
    }
}
