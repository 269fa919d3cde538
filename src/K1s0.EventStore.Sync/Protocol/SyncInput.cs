namespace K1s0.EventStore.Sync;

/// <summary>Something that happened to a session.</summary>
internal abstract record SyncInput
{
    private SyncInput()
    {
    }

    /// <summary>The connection is there.</summary>
    public sealed record Started : SyncInput;

    /// <summary>The peer sent a frame.</summary>
    public sealed record Received(ReadOnlyMemory<byte> Frame) : SyncInput;

    /// <summary>The store read what was asked for.</summary>
    public sealed record EventsRead(IReadOnlyList<SyncEvent> Events) : SyncInput;

    /// <summary>
    /// The events of the oldest open <see cref="SyncOutput.Store"/> are durable, without those that the store refused.
    /// </summary>
    public sealed record EventsStored(IReadOnlyList<SyncEvent>? Refused = null) : SyncInput;

    /// <summary>The store read the links that were asked for.</summary>
    public sealed record LinksRead(IReadOnlyList<LogLink> Links, bool IsForPeer) : SyncInput;

    /// <summary>The store read the whole events that were asked for.</summary>
    public sealed record WholeRead(IReadOnlyList<SyncEvent> Events) : SyncInput;

    /// <summary>
    /// The events of the open <see cref="SyncOutput.Repair"/> or <see cref="SyncOutput.Adopt"/> are durable, or a
    /// branch was refused.
    /// </summary>
    public sealed record Repaired(BranchRefusal? Refusal = null) : SyncInput;

    /// <summary>The store of snapshots did what was asked for.</summary>
    public sealed record Snapshot(Snapshots.SnapshotResult Result) : SyncInput;

    /// <summary>Time has passed.</summary>
    public sealed record TimerElapsed : SyncInput;

    /// <summary>The initiator wants another round.</summary>
    public sealed record RoundWanted : SyncInput;

    /// <summary>The connection ended, or the peer said goodbye.</summary>
    public sealed record Disconnected(string Detail = "the connection ended.") : SyncInput;

    /// <summary>The transport had to end the connection.</summary>
    public sealed record Failed(SyncEndReason Reason, string Detail) : SyncInput;
}
