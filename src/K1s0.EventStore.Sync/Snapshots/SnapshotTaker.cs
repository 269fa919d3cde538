namespace K1s0.EventStore.Sync.Snapshots;

/// <summary>
/// The side of a session that takes a snapshot: pulls the chunks that are not there, each verified when it comes and
/// durable before the next ones are asked for, as far as the window is full.
/// </summary>
/// <remarks>
/// All chunks are read, which takes long, when the peer has nothing more to do: it may give the session up meanwhile.
/// What is damaged is removed then, so that another session misses it.
/// </remarks>
internal sealed class SnapshotTaker(
    SnapshotRequest request, Replica replica, PeerRights rights, int windowBytes, Outbox outbox)
{
    // How often the peer may have replaced its snapshot meanwhile.
    private const int MaxChanges = 8;

    // Pulled again when the store lost them: once.
    private const int MaxInstalls = 2;

    private readonly Queue<int> _missing = new();
    private readonly HashSet<int> _pulled = [];
    private readonly long _bytesSentBefore = outbox.BytesSent;
    private SnapshotManifest? _installed;
    private SnapshotManifest? _offered;
    private State _state = State.New;
    private SnapshotEnd _end = SnapshotEnd.Cut;
    private bool _hasAll; // as far as can be seen without reading it
    private long _bytesOnTheWay;
    private long _bytesReceived;
    private int _open;
    private int _kept;
    private int _received;
    private int _changes;
    private int _installs;

    private enum State
    {
        New,
        Checks,
        Wants,
        Verifies,
        Stages,
        Pulls,
        Installs,
        Over,
    }

    public void Begin()
    {
        if (!rights.MayBringSnapshot(request.Name))
        {
            End(SnapshotEnd.NotPermitted);
            return;
        }

        _state = State.Checks;
        Do(new SnapshotWork.Check(request.Name));
    }

    /// <summary>What was done, or, before the end, what was done so far.</summary>
    public SnapshotReport Report =>
        new(_end, _offered, _kept, _received, _bytesReceived, outbox.BytesSent - _bytesSentBefore);

    public void Take(byte type, ref WireReader reader, int sealedBytes)
    {
        _bytesReceived += sealedBytes;
        switch (type, _state)
        {
            case (FrameType.SnapshotOffer, State.Wants):
                TakeOffer(ref reader);
                break;
            case (FrameType.SnapshotNone, State.Wants):
                TakeNone(ref reader);
                break;
            case (FrameType.SnapshotChunk, State.Pulls):
                TakeChunk(ref reader);
                break;
            case (FrameType.SnapshotGone, State.Pulls):
                TakeGone(ref reader);
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
            case (SnapshotResult.ManifestRead read, State.Checks):
                (_installed, _hasAll) = (read.Manifest, read.HasAll);
                Want();
                break;
            case (SnapshotResult.Verified verified, State.Verifies):
                Verified(verified.IsWhole);
                break;
            case (SnapshotResult.Staged staged, State.Stages):
                _kept = _offered!.Chunks.Count - staged.Missing.Count;
                Pull(staged.Missing);
                break;
            case (SnapshotResult.ChunkStored stored, _):
                _received++;
                Stored(stored.Chunk);
                break;
            case (SnapshotResult.InstallEnded ended, State.Installs):
                Installed(ended);
                break;
            default:
                throw new InvalidOperationException($"{result.GetType().Name} does not belong here.");
        }
    }

    private void Want()
    {
        _state = State.Wants;
        outbox.Send(frame => SnapshotFrames.WriteWant(
            frame, request, _hasAll && _installed is not null ? _installed.Root : default));
    }

    private void TakeNone(ref WireReader reader)
    {
        var why = SnapshotFrames.ReadNone(ref reader);
        if (reader.IsBroken)
        {
            return;
        }

        if (why == SnapshotFrames.SameRoot && !_hasAll)
        {
            reader.Break("it says that this side has what it lacks.");
            return;
        }

        if (why == SnapshotFrames.SameRoot)
        {
            Verify();
            return;
        }

        _offered = null;
        End(why is SnapshotFrames.OtherSchema ? SnapshotEnd.OtherSchema : SnapshotEnd.NothingGiven);
    }

    private void Verify()
    {
        (_state, _offered) = (State.Verifies, _installed);
        Do(new SnapshotWork.Verify(_installed!));
    }

    private void Verified(bool isWhole)
    {
        if (isWhole)
        {
            End(SnapshotEnd.AlreadyInstalled);
            return;
        }

        _hasAll = false;
        Want();
    }

    private void TakeOffer(ref WireReader reader)
    {
        if (SnapshotFrames.ReadOffer(ref reader) is not { } offered)
        {
            return;
        }

        if (!string.Equals(offered.Name, request.Name, StringComparison.Ordinal)
            || offered.SchemaVersion != request.SchemaVersion)
        {
            reader.Break("a snapshot is offered that was not asked for.");
            return;
        }

        _offered = offered;
        var allowed = SnapshotRules.IsForkedFrom(offered, replica) ? SnapshotEnd.Forked
            : offered.Bytes > request.MaxBytes ? SnapshotEnd.TooLarge
            : SnapshotRules.Check(offered, _installed);
        if (allowed is SnapshotEnd.AlreadyInstalled && _hasAll)
        {
            Verify();
        }
        else if (allowed is SnapshotEnd.Installed or SnapshotEnd.AlreadyInstalled)
        {
            _state = State.Stages;
            Do(new SnapshotWork.Stage(offered));
        }
        else
        {
            End(allowed);
        }
    }

    private void TakeChunk(ref WireReader reader)
    {
        var place = SnapshotFrames.ReadPlace(ref reader);
        if (reader.IsBroken || !_pulled.Remove(place))
        {
            reader.Break("a chunk comes that was not pulled.");
            return;
        }

        var chunk = _offered!.Chunks[place];
        if (SnapshotFrames.ReadContent(ref reader, chunk) is { } content)
        {
            _open++;
            Do(new SnapshotWork.StoreChunk(request.Name, chunk, content));
        }
    }

    private void TakeGone(ref WireReader reader)
    {
        var root = SnapshotFrames.ReadGone(ref reader);
        if (reader.IsBroken || root != _offered!.Root)
        {
            reader.Break("a snapshot is gone that was not offered.");
            return;
        }

        if (++_changes > MaxChanges)
        {
            End(SnapshotEnd.ChangedTooOften);
            return;
        }

        _missing.Clear();
        _pulled.Clear();
        _bytesOnTheWay = 0;
        Want();
    }

    private void Stored(SnapshotChunk chunk)
    {
        _open--;
        if (_state is State.Pulls)
        {
            _bytesOnTheWay -= chunk.Length;
            PullMore();
        }
    }

    private void Pull(IReadOnlyList<int> missing)
    {
        _state = State.Pulls;
        foreach (var place in missing)
        {
            _missing.Enqueue(place);
        }

        PullMore();
    }

    // One chunk at least, whatever the window is.
    private void PullMore()
    {
        var places = new List<int>();
        while (places.Count < SnapshotFrames.MaxPlaces
            && _pulled.Count < SnapshotGiver.MaxAsked
            && _missing.TryPeek(out var next)
            && (_bytesOnTheWay == 0 || _bytesOnTheWay + _offered!.Chunks[next].Length <= windowBytes))
        {
            _missing.Dequeue();
            _pulled.Add(next);
            _bytesOnTheWay += _offered!.Chunks[next].Length;
            places.Add(next);
        }

        if (places.Count > 0)
        {
            outbox.Send(frame => SnapshotFrames.WritePull(frame, _offered!.Root, places));
        }
        else if (_pulled.Count == 0 && _open == 0)
        {
            _state = State.Installs;
            Do(new SnapshotWork.Install(_offered!));
        }
    }

    private void Installed(SnapshotResult.InstallEnded ended)
    {
        if (ended.End is SnapshotEnd.StoreDamaged && ++_installs < MaxInstalls)
        {
            Pull(ended.Missing);
        }
        else
        {
            End(ended.End);
        }
    }

    private void Do(SnapshotWork work) => outbox.Add(new SyncOutput.Snapshot(work));

    private void End(SnapshotEnd end)
    {
        (_state, _end) = (State.Over, end);
        outbox.End(SyncEndReason.Completed, $"the transfer of the snapshot is over: {end}.");
    }
}
