using K1s0.EventStore.Compression;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync.Snapshots;

/// <summary>The side of a session that gives a snapshot. Reads one chunk at a time.</summary>
internal sealed class SnapshotGiver(Outbox outbox, ICompressionCodec codec, PeerRights rights)
{
    /// <summary>How often a session may ask which snapshot there is.</summary>
    public const int MaxWants = 16;

    /// <summary>How many chunks a peer may have asked for that it has not got.</summary>
    public const int MaxAsked = 1_024;

    private readonly Queue<int> _asked = new();
    private (string Name, int SchemaVersion, Sha256Digest Installed) _want;
    private SnapshotManifest? _offered;
    private Sha256Digest _gone;
    private int _stale;
    private State _state = State.Waits;
    private int _wants;
    private int _given;

    private enum State
    {
        Waits,
        ReadsOffer,
        ReadsChunk,
        LooksAgain,
    }

    public void Take(byte type, ref WireReader reader)
    {
        switch (type)
        {
            case FrameType.SnapshotWant when _state is State.Waits && _asked.Count == 0:
                TakeWant(ref reader);
                break;
            case FrameType.SnapshotPull when _state is not State.ReadsOffer && _wants > 0:
                TakePull(ref reader);
                break;
            default:
                reader.Break("it does not belong here.");
                break;
        }
    }

    public void Take(SnapshotResult result)
    {
        switch (result, _state)
        {
            case (SnapshotResult.ManifestRead read, State.ReadsOffer):
                _state = State.Waits;
                Offer(read.Manifest);
                break;
            case (SnapshotResult.ManifestRead read, State.LooksAgain):
                _state = State.Waits;
                LookedAgain(read.Manifest);
                break;
            case (SnapshotResult.ChunkRead read, State.ReadsChunk):
                ChunkRead(read.Content);
                break;
            default:
                throw new InvalidOperationException($"{result.GetType().Name} does not belong here.");
        }
    }

    private void TakeWant(ref WireReader reader)
    {
        _want = SnapshotFrames.ReadWant(ref reader);
        if (reader.IsBroken)
        {
            return;
        }

        if (++_wants > MaxWants)
        {
            outbox.End(SyncEndReason.Flooded, "the peer asks for snapshots again and again.");
        }
        else if (!rights.MayTakeSnapshot(_want.Name))
        {
            // As one that has none.
            outbox.Send(frame => SnapshotFrames.WriteNone(frame, SnapshotFrames.NothingGiven));
        }
        else
        {
            _state = State.ReadsOffer;
            outbox.Add(new SyncOutput.Snapshot(new SnapshotWork.ReadManifest(_want.Name)));
        }
    }

    private void Offer(SnapshotManifest? installed)
    {
        (_offered, _given) = (null, 0);
        byte? none = installed is null ? SnapshotFrames.NothingGiven
            : installed.Root == _want.Installed ? SnapshotFrames.SameRoot
            : installed.SchemaVersion != _want.SchemaVersion ? SnapshotFrames.OtherSchema
            : null;
        if (none is { } why)
        {
            outbox.Send(frame => SnapshotFrames.WriteNone(frame, why));
            return;
        }

        _offered = installed;
        outbox.Send(frame => SnapshotFrames.WriteOffer(frame, installed!));
    }

    private void TakePull(ref WireReader reader)
    {
        var (root, places) = SnapshotFrames.ReadPull(ref reader);
        if (reader.IsBroken)
        {
            return;
        }

        if (root == _gone && _gone != default && ++_stale <= MaxAsked)
        {
            // Sent before the peer could know.
            return;
        }

        if (_offered is null || root != _offered.Root || places[^1] >= _offered.Chunks.Count)
        {
            reader.Break("a chunk is pulled that was not offered.");
            return;
        }

        _given += places.Length;
        if (_asked.Count + places.Length > MaxAsked || _given > (2 * _offered.Chunks.Count) + MaxAsked)
        {
            outbox.End(SyncEndReason.Flooded, "the peer pulls more chunks than it needs.");
            return;
        }

        Array.ForEach(places, _asked.Enqueue);
        ReadNext();
    }

    private void ReadNext()
    {
        if (_state is State.Waits && _asked.TryPeek(out var place))
        {
            _state = State.ReadsChunk;
            outbox.Add(new SyncOutput.Snapshot(new SnapshotWork.ReadChunk(_want.Name, _offered!.Chunks[place])));
        }
    }

    private void ChunkRead(ReadOnlyMemory<byte>? content)
    {
        if (content is not { } whole)
        {
            _state = State.LooksAgain;
            outbox.Add(new SyncOutput.Snapshot(new SnapshotWork.ReadManifest(_want.Name)));
            return;
        }

        _state = State.Waits;
        var place = _asked.Dequeue();
        outbox.Send(frame => SnapshotFrames.WriteChunk(frame, place, whole.Span, codec));
        ReadNext();
    }

    private void LookedAgain(SnapshotManifest? installed)
    {
        if (installed?.Root == _offered!.Root)
        {
            outbox.End(SyncEndReason.StoreIncomplete, "a chunk of the snapshot cannot be read here.");
            return;
        }

        (_gone, _stale, _offered) = (_offered.Root, 0, null);
        _asked.Clear();
        outbox.Send(frame => SnapshotFrames.WriteGone(frame, _gone));
    }
}
