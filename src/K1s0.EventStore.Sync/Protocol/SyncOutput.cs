namespace K1s0.EventStore.Sync;

/// <summary>Something that a session wants done, in the order given.</summary>
internal abstract record SyncOutput
{
    private SyncOutput()
    {
    }

    /// <summary>Send a frame to the peer.</summary>
    public sealed record Send(byte[] Frame) : SyncOutput;

    /// <summary>
    /// Read events behind one clock and up to another, and give them as <see cref="SyncInput.EventsRead"/>.
    /// </summary>
    public sealed record Read(VectorClock After, VectorClock UpTo, int MaxEvents, int MaxBytes) : SyncOutput;

    /// <summary>Make events durable, then say <see cref="SyncInput.EventsStored"/>. There may be none.</summary>
    public sealed record Store(IReadOnlyList<DeliveredEvent> Events) : SyncOutput
    {
        /// <summary>Events that came ahead of their turn: not to be stored, only told of.</summary>
        public IReadOnlyList<SyncEvent> Ahead { get; init; } = [];
    }

    /// <summary>
    /// Read which events of a part of a log are whole, and say so as <see cref="SyncInput.LinksRead"/>.
    /// </summary>
    public sealed record ReadLinks(LogPart Part, bool IsForPeer) : SyncOutput;

    /// <summary>Read events that are whole, and give them as <see cref="SyncInput.WholeRead"/>.</summary>
    public sealed record ReadWhole(Origin Origin, IReadOnlyList<long> Sequences, int MaxBytes) : SyncOutput;

    /// <summary>
    /// Put verified events in the places of damaged ones, then say <see cref="SyncInput.Repaired"/>.
    /// </summary>
    public sealed record Repair(IReadOnlyList<SyncEvent> Events) : SyncOutput;

    /// <summary>
    /// Put a branch of a log in the place of the one that ends with this hash, then say
    /// <see cref="SyncInput.Repaired"/>.
    /// </summary>
    public sealed record Adopt(IReadOnlyList<SyncEvent> Branch, Integrity.Sha256Digest Instead) : SyncOutput;

    /// <summary>
    /// Let the store of snapshots do something, and give what came of it as <see cref="SyncInput.Snapshot"/>.
    /// </summary>
    public sealed record Snapshot(Snapshots.SnapshotWork Work) : SyncOutput;

    /// <summary>A round ended; the session goes on.</summary>
    public sealed record RoundEnded(SyncReport Report) : SyncOutput;

    /// <summary>The session ended; close the connection.</summary>
    public sealed record Ended(SyncEndReason Reason, string Detail) : SyncOutput;
}
