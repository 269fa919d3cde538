namespace K1s0.EventStore.Sync;

/// <summary>
/// One exchange between two replicas that trust each other: each tells what it knows, and each sends what the other
/// lacks, causes first.
/// </summary>
/// <remarks>
/// <code>
/// initiator              responder
///    | ------- Digest ------> |      equal: Same, and the round is over
///    | &lt;------ Vector ------- |
///    | ------- Vector ------> |
///    | &lt;--- Events, Ack ----> |      each sends at most a window ahead of what is confirmed as durable
///    | &lt;------ Done --------> |      after that a side asks for nothing
/// </code>
/// A side that knows of damage in its logs never lets digests be equal, and asks for good events while events are
/// exchanged: see <see cref="RepairFrames"/>.
/// </remarks>
internal sealed class SyncRound
{
    private readonly Replica _replica;
    private readonly Outbox _outbox;
    private readonly bool _isInitiator;
    private readonly VectorClock? _offered;
    private readonly SyncSender _sender;
    private readonly SyncReceiver _receiver;
    private readonly PeerRights _rights;
    private readonly LogDamage? _damage;
    private readonly RoundRepairs? _repairs;
    private readonly int _version;
    private readonly bool _knowsBeginnings;
    private readonly long _bytesSentBefore;
    private readonly RoundLink _link;
    private VectorClock? _since;
    private VectorClock _mine = VectorClock.Empty;
    private VectorClock _theirs = VectorClock.Empty;
    private bool _hasTold;
    private bool _isExchanging;
    private bool _isInSync;
    private bool _isFromCheckpoint;
    private long _bytesReceived;

    public SyncRound(
        Replica replica,
        SyncOptions options,
        Outbox outbox,
        SyncRole role,
        Handshake handshake,
        VectorClock? checkpoint,
        PeerRights rights,
        LogDamage? damage,
        LinkMeter? meter = null)
    {
        (_rights, _damage, _link) = (rights, damage, new RoundLink(options, outbox, handshake, rights, meter));
        (_replica, _outbox, _isInitiator, _version) = (replica, outbox, role is SyncRole.Initiator, handshake.Version);

        _knowsBeginnings = handshake.KnowsBeginnings;

        // A point beyond what is here would be that of a life before.
        _offered = checkpoint is not null && replica.Clock.Covers(checkpoint) ? checkpoint : null;
        _bytesSentBefore = outbox.BytesSent;
        var unconfirmed = new UnconfirmedFrames(outbox, meter);
        _sender = new SyncSender(replica, options, outbox, handshake, rights, _link, unconfirmed, damage);
        _receiver = new SyncReceiver(replica, options, outbox, rights);
        if (damage is not null && handshake.CanRepair)
        {
            _repairs = new RoundRepairs(replica, damage, outbox, handshake.Codec, rights);
        }
    }

    private bool WantsRepair => _repairs is { HasQuestions: true };

    public void Begin()
    {
        // What a digest that is found to be equal stands for; the replica may know more when the answer comes.
        (_mine, _hasTold) = (_rights.Visible(_replica.Clock), true);
        _outbox.Send(frame => VectorFrame.WriteDigest(
            frame, WantsRepair ? default : Digest(), _replica.Self, _offered));
    }

    /// <summary>Takes a frame that was opened.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="sealedBytes">How long it was on its way, its seal included.</param>
    public void Take(ReadOnlyMemory<byte> frame, int sealedBytes)
    {
        _bytesReceived += sealedBytes;
        var reader = new WireReader(frame.Span);
        var type = reader.Byte();
        switch (type)
        {
            case FrameType.Digest when !_isInitiator && !_hasTold:
                TakeDigest(ref reader);
                break;
            case FrameType.Same when _isInitiator && !_isExchanging:
                reader.End();
                _isInSync = true;
                break;
            case FrameType.Vector when _hasTold && !_isExchanging:
                TakeVector(ref reader);
                break;
            case FrameType.Events when _isExchanging:
                _receiver.Take(ref reader, frame.Length);
                break;
            case FrameType.Link when _link.CanFollow && !_isInitiator && _hasTold && !_isExchanging:
                _link.Take(ref reader);
                break;
            case FrameType.Ahead when _link.CanFollow && _isExchanging:
                _receiver.TakeAhead(ref reader, frame.Length);
                break;
            case FrameType.Ack when _isExchanging:
                TakeAck(ref reader);
                break;
            case FrameType.Done when _isExchanging && !_receiver.IsDone:
                _receiver.Done(DoneFrame.Read(ref reader, _knowsBeginnings));
                break;
            default:
                TakeRepair(type, ref reader);
                break;
        }

        if (reader.IsBroken)
        {
            _outbox.Broken($"a frame of type {type} cannot be read: {reader.Problem}");
        }
    }

    public void LinksRead(IReadOnlyList<LogLink> links, bool isForPeer)
    {
        _repairs!.LinksRead(links, isForPeer);
        FinishAsking();
    }

    public void WholeRead(IReadOnlyList<SyncEvent> events) => _repairs!.WholeRead(events);

    public void Repaired(BranchRefusal? refusal)
    {
        _repairs!.Repaired(refusal);
        FinishAsking();
    }

    public void EventsRead(IReadOnlyList<SyncEvent> events) => _sender.Read(events);

    public void EventsStored(IReadOnlyList<SyncEvent> refused) => _receiver.Stored(refused);

    /// <summary>What the round did, once it is over.</summary>
    public SyncReport? TryReport()
    {
        if (_outbox.HasEnded || !(_isInSync || (_isExchanging && _sender.IsOver && _receiver.IsOver)))
        {
            return null;
        }

        // The digests differed. When nothing explains that, the point itself is wrong: the next round tells everything.
        var isExplained = !_isFromCheckpoint || !_mine.Equals(_theirs);
        var left = _sender.EventsLeft + _receiver.EventsLeft;
        var isWhole = left == 0 && !_sender.IsHeldBack && _damage is not { Any: true };

        // A peer that finds a log forked keeps its own version back.
        var point = _mine.Merge(_theirs);
        List<Origin> forks = [.. _sender.Forks.Concat(_receiver.Forks).Distinct()];
        _repairs?.End(forks, _isInSync);
        var hasSentAll = forks.Count == 0 && _sender.HasAllConfirmed;
        var isClean = hasSentAll && _receiver.Refused.Count == 0 && isExplained && isWhole
            && _replica.Clock.Covers(point) && !_sender.HasWithheld;
        return new SyncReport(
            _isInSync ? SyncMode.InSync : _isFromCheckpoint ? SyncMode.FromCheckpoint : SyncMode.Full,
            _sender.EventsConfirmed,
            _receiver.EventsStored,
            _receiver.EventsKnown,
            _receiver.Refused,
            forks,
            _outbox.BytesSent - _bytesSentBefore,
            _bytesReceived,
            isClean ? point : null,
            _version)
        {
            EventsRepaired = _repairs?.EventsRepaired ?? 0,
            RepairsRefused = _repairs?.EventsRefused ?? 0,
            BranchesAdopted = _repairs?.Adopted ?? [],
            BranchesKept = _repairs?.Kept ?? new Dictionary<Origin, BranchRefusal>(),
            Lacking = _theirs.OriginsBeyond(_replica.Clock),
            BeginLater = [.. _sender.BeginLater.Concat(_receiver.BeginLater).Distinct()],
            TooFarAhead = [.. _sender.TooFarAhead],
            Link = _link.State,
            EventsAhead = _receiver.EventsAhead,
            EventsLeft = left,
        };
    }

    private Integrity.Sha256Digest Digest() => VectorFrame.DigestOf(_replica, _mine);

    private void TakeAck(ref WireReader reader)
    {
        var (frames, events) = (reader.Int64(), reader.Int64());
        reader.End();
        if (!reader.IsBroken)
        {
            _sender.Confirmed(frames, events);
        }
    }

    private void TakeDigest(ref WireReader reader)
    {
        var (digest, mark, checkpoint) = VectorFrame.ReadDigest(ref reader);
        if (reader.IsBroken)
        {
            return;
        }

        if (mark == VectorFrame.MarkOf(_replica.Self))
        {
            // Two copies of one life would confirm each other's end of the log, and each take the next dot.
            _outbox.Broken($"the peer writes as {_replica.Self} too: it is a copy of this replica, or itself.");
            return;
        }

        (_mine, _hasTold) = (_rights.Visible(_replica.Clock), true);
        if (!WantsRepair && digest == Digest())
        {
            _isInSync = true;
            _outbox.Send(frame => frame.Byte(FrameType.Same));
            return;
        }

        var isKnown = _offered is not null && VectorFrame.IdOf(_offered).AsSpan().SequenceEqual(checkpoint);
        _since = isKnown ? _offered : null;
        _outbox.Send(frame => VectorFrame.WriteVector(frame, _replica, _mine, _since));
    }

    private void TakeVector(ref WireReader reader)
    {
        // The responder has decided whether the checkpoint counts, and the initiator follows.
        var (known, hashes, isChange) = VectorFrame.ReadVector(ref reader, _isInitiator ? _offered : _since);
        if (reader.IsBroken)
        {
            return;
        }

        _theirs = known;
        _isFromCheckpoint = isChange;
        if (_isInitiator)
        {
            _mine = _rights.Visible(_replica.Clock);
            _link.Tell();
            _outbox.Send(frame => VectorFrame.WriteVector(frame, _replica, _mine, isChange ? _offered : null));
        }
        else if (isChange != _since is not null)
        {
            _outbox.Broken($"the vectors of a round are of two kinds.");
            return;
        }

        _isExchanging = true;
        _sender.Begin(_mine, _theirs, hashes);
        _repairs?.Begin(_theirs);
        FinishAsking();
    }

    private void TakeRepair(byte type, ref WireReader reader)
    {
        if (!_isExchanging || _repairs?.TryTake(type, ref reader, _receiver.IsDone) is not true)
        {
            _outbox.Broken($"a frame of type {type} does not belong here.");
        }

        FinishAsking();
    }

    // The peer ends the round when both sides have said Done: not before everything has been asked.
    private void FinishAsking()
    {
        if (_repairs is null or { IsOver: true })
        {
            _sender.AllowDone();
        }
    }

    /// <summary>An equal digest confirms the own log, as far as it stood in the digest.</summary>
    public void WitnessInSync()
    {
        if (_isInSync)
        {
            _replica.Witness(_mine[_replica.Self], isOurs: true);
        }
    }
}
