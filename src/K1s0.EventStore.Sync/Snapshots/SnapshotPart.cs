namespace K1s0.EventStore.Sync.Snapshots;

/// <summary>
/// What a session has to do with snapshots: as the caller it may take one, as the called it may give some. A session
/// moves events or snapshots: the first frame behind the handshake says which.
/// </summary>
internal sealed class SnapshotPart(
    Replica replica, SyncOptions options, Outbox outbox, PeerRights rights, bool gives, SnapshotRequest? wanted)
{
    private readonly SnapshotTaker? _taker = wanted is null
        ? null
        : new SnapshotTaker(wanted, replica, rights, options.WindowBytes, outbox);

    private SnapshotGiver? _giver;

    /// <summary>Whether the handshake offers snapshots.</summary>
    public bool IsOffered => gives || _taker is not null;

    /// <summary>Whether this side takes a snapshot, and nothing else.</summary>
    public bool IsTaking => _taker is not null;

    /// <summary>What became of the snapshot that is taken, so far; null when none is.</summary>
    public SnapshotReport? Report => _taker?.Report;

    /// <summary>Begins to take a snapshot.</summary>
    public void Begin(Handshake handshake)
    {
        if (handshake.MovesSnapshots)
        {
            _taker!.Begin();
        }
        else
        {
            outbox.End(SyncEndReason.SnapshotsNotGiven, "the peer gives no snapshots.");
        }
    }

    /// <summary>Takes a frame that was opened; false when it is none of a session that moves snapshots.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="sealedBytes">How long it was on its way, its seal included.</param>
    /// <param name="handshake">What was agreed on.</param>
    /// <param name="isFree">Whether this side was called and no round is under way.</param>
    public bool TryTake(ReadOnlyMemory<byte> frame, int sealedBytes, Handshake handshake, bool isFree)
    {
        var reader = new WireReader(frame.Span);
        var type = reader.Byte();
        if (isFree && gives && type == FrameType.SnapshotWant && handshake.MovesSnapshots)
        {
            _giver ??= new SnapshotGiver(outbox, handshake.Codec, rights);
        }

        if (_taker is null && _giver is null)
        {
            return false;
        }

        _taker?.Take(type, ref reader, sealedBytes);
        _giver?.Take(type, ref reader);
        if (reader.IsBroken)
        {
            outbox.Broken($"a frame of type {type} cannot be read: {reader.Problem}");
        }

        return true;
    }

    /// <summary>Takes what the store of snapshots did.</summary>
    public void Take(SnapshotResult result)
    {
        _taker?.Take(result);
        _giver?.Take(result);
    }
}
