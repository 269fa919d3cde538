using K1s0.EventStore.Sync.Snapshots;

namespace K1s0.EventStore.Sync;

/// <summary>
/// One connection between two replicas, without the connection: a state machine that is told what happened and says
/// what to do. It reads no clock, does no input or output, and gives the same outputs for the same inputs, chance
/// aside.
/// </summary>
/// <remarks>Not safe for several threads; a step changes the replica.</remarks>
internal sealed class SyncSession : IDisposable
{
    private readonly SyncRole _role;
    private readonly Replica _replica;
    private readonly SyncOptions _options;
    private readonly PeerRights _rights;
    private readonly Handshake _handshake;
    private readonly Outbox _outbox = new();
    private readonly LogDamage? _damage;
    private readonly LinkMeter? _link;
    private readonly GossipPart _gossip;
    private readonly SnapshotPart _snapshots;
    private Phase _phase = Phase.New;
    private DateTimeOffset _began;
    private SyncRound? _round;

    /// <summary>A session that has not started.</summary>
    /// <param name="role">Which side this is.</param>
    /// <param name="replica">The replica.</param>
    /// <param name="options">Checked options.</param>
    /// <param name="checkpoint">What both sides held after an earlier round, if this side remembers.</param>
    /// <param name="rights">What the peer may; everything when null.</param>
    /// <param name="damage">What is damaged in the replica's store; null when that store cannot be repaired.</param>
    /// <param name="link">Measures the link, and says how rounds follow it; null when they do not.</param>
    /// <param name="gossip">Answers gossip; null when the node takes no part.</param>
    /// <param name="givesSnapshots">Whether a caller may ask for snapshots.</param>
    /// <param name="wanted">The snapshot that this side, which calls, is to take; null for rounds.</param>
    public SyncSession(
        SyncRole role,
        Replica replica,
        SyncOptions options,
        VectorClock? checkpoint = null,
        PeerRights? rights = null,
        LogDamage? damage = null,
        LinkMeter? link = null,
        GossipNode? gossip = null,
        bool givesSnapshots = false,
        SnapshotRequest? wanted = null)
    {
        (_link, _rights) = (link, rights ?? PeerRights.All);
        (_role, _replica, _options, Checkpoint, _damage) = (role, replica, options, checkpoint, damage);
        _gossip = new GossipPart(gossip, replica, _outbox, _rights);
        _snapshots = new SnapshotPart(replica, options, _outbox, _rights, givesSnapshots, wanted);
        _handshake = new Handshake(options, canRepair: damage is not null, movesSnapshots: _snapshots.IsOffered);
    }

    private enum Phase
    {
        New,
        AwaitsHello,
        AwaitsWelcome,
        AwaitsConfirm,
        Ready,
    }

    /// <summary>What both sides held after the last round.</summary>
    public VectorClock? Checkpoint { get; private set; }

    /// <summary>When the peer has to have said something.</summary>
    public DateTimeOffset Deadline { get; private set; }

    /// <summary>What became of the snapshot that is taken, so far; null when none is.</summary>
    public SnapshotReport? Snapshot => _snapshots.Report;

    /// <summary>The replica that the session speaks for.</summary>
    public Replica Replica => _replica;

    public bool HasEnded => _outbox.HasEnded;

    /// <summary>Whether the peer has proved itself.</summary>
    public bool IsReady => _phase is Phase.Ready;

    /// <summary>Whether frames are sealed from here on.</summary>
    public bool IsSealed => _outbox.Seal is not null;

    /// <summary>Takes one input.</summary>
    /// <param name="input">What happened.</param>
    /// <param name="now">When, by a clock that nobody sets: what is due follows from the time that went by.</param>
    /// <returns>What to do, in this order.</returns>
    public IReadOnlyList<SyncOutput> Step(SyncInput input, DateTimeOffset now)
    {
        if (_outbox.HasEnded)
        {
            return [];
        }

        _outbox.Now = now;
        switch (input)
        {
            case SyncInput.Started when _phase is Phase.New:
                _began = now;
                Start();
                break;
            case SyncInput.Received received:
                Receive(received.Frame);
                break;
            case SyncInput.EventsRead read when _round is not null:
                _round.EventsRead(read.Events);
                break;
            case SyncInput.EventsStored stored when _round is not null:
                _round.EventsStored(stored.Refused ?? []);
                break;
            case SyncInput.LinksRead read when _round is not null:
                _round.LinksRead(read.Links, read.IsForPeer);
                break;
            case SyncInput.WholeRead read when _round is not null:
                _round.WholeRead(read.Events);
                break;
            case SyncInput.Repaired repaired when _round is not null:
                _round.Repaired(repaired.Refusal);
                break;
            case SyncInput.Snapshot snapshot:
                _snapshots.Take(snapshot.Result);
                break;
            case SyncInput.RoundWanted when _phase is Phase.Ready && _role is SyncRole.Initiator && _round is null:
                BeginRound();
                break;
            case SyncInput.TimerElapsed:
                Elapse(now);
                return _outbox.Take();
            case SyncInput.Failed failed:
                _outbox.End(failed.Reason, failed.Detail);
                break;
            case SyncInput.Disconnected disconnected:
                _outbox.End(
                    IsIdle ? SyncEndReason.Completed : SyncEndReason.Disconnected, disconnected.Detail);
                break;
            default:
                throw new InvalidOperationException($"{input.GetType().Name} does not belong here.");
        }

        EndRound();

        // A caller that nobody knows does not hold its place by talking.
        var isUnknown = _role is SyncRole.Responder && !IsReady
            && _options.AuthenticationTimeout < _options.PeerTimeout;
        Deadline = isUnknown ? _began + _options.AuthenticationTimeout : now + _options.PeerTimeout;
        return _outbox.Take();
    }

    public void Dispose() => _outbox.Dispose();

    // Between rounds nobody owes anything; nor does who gives a snapshot, as far as it was asked.
    private bool IsIdle => _phase is Phase.Ready && _round is null && !_snapshots.IsTaking;

    private void Elapse(DateTimeOffset now)
    {
        if (now >= Deadline)
        {
            _outbox.End(
                IsIdle ? SyncEndReason.Completed : SyncEndReason.TimedOut,
                IsReady
                    ? $"the peer was silent for {_options.PeerTimeout}."
                    : "the peer did not prove itself in time.");
        }
    }

    private void Start()
    {
        if (_role is SyncRole.Responder)
        {
            _phase = Phase.AwaitsHello;
            return;
        }

        _outbox.Send(_handshake.WriteHello);
        _phase = Phase.AwaitsWelcome;
    }

    private void Receive(ReadOnlyMemory<byte> frame)
    {
        if (frame.Length is 0 or > SyncOptions.MaxFrameBytes)
        {
            _outbox.Broken($"a frame has {frame.Length} bytes.");
            return;
        }

        switch (_phase)
        {
            case Phase.AwaitsHello when IsGood(_handshake.ReadHello(frame.Span)):
                _outbox.Send(_handshake.WriteWelcome);
                _phase = Phase.AwaitsConfirm;
                break;
            case Phase.AwaitsWelcome when IsGood(_handshake.ReadWelcome(frame.Span)):
                _link?.Answered(_outbox.Now - _began, _outbox.Now);

                // The responder has proved itself, so the first frame about data may follow at once.
                _outbox.Send(_handshake.WriteConfirm);
                BecomeReady();
                Begin();
                break;
            case Phase.AwaitsConfirm when IsGood(_handshake.ReadConfirm(frame.Span)):
                BecomeReady();
                break;
            case Phase.Ready:
                ReceiveSealed(frame);
                break;
            case Phase.New:
                _outbox.Broken($"a frame came before the start.");
                break;
            default:
                break;
        }
    }

    private void ReceiveSealed(ReadOnlyMemory<byte> frame)
    {
        var sealedBytes = frame.Length;
        if (_outbox.Seal is not null && !_outbox.Seal.TryOpen(frame, out frame))
        {
            _outbox.End(SyncEndReason.FrameForged, "a frame was changed, repeated or moved on its way.");
            return;
        }

        var isFree = _round is null && _role is SyncRole.Responder;
        if (_snapshots.TryTake(frame, sealedBytes, _handshake, isFree) || (isFree && _gossip.TryTake(frame.Span)))
        {
            return;
        }

        if (isFree)
        {
            _round = NewRound();
        }

        if (_round is null)
        {
            _outbox.Broken($"a frame came where no round is under way.");
            return;
        }

        _round.Take(frame, sealedBytes);
    }

    private void Begin()
    {
        if (_snapshots.IsTaking)
        {
            _snapshots.Begin(_handshake);
        }
        else
        {
            BeginRound();
        }
    }

    // Ends the session unless the handshake goes on.
    private bool IsGood(SyncEndReason reason)
    {
        if (reason is SyncEndReason.Completed)
        {
            return true;
        }

        if (reason is SyncEndReason.VersionRefused && _role is SyncRole.Responder)
        {
            _outbox.Send(Handshake.WriteRefuse);
        }

        _outbox.End(reason, "the handshake failed.");
        return false;
    }

    private void BecomeReady()
    {
        _phase = Phase.Ready;
        _outbox.Seal = _handshake.Seal(_role);
    }

    private SyncRound NewRound() =>
        new(_replica, _options, _outbox, _role, _handshake, Checkpoint, _rights, _damage, _link);

    private void BeginRound()
    {
        _round = NewRound();
        _round.Begin();
    }

    private void EndRound()
    {
        if (_round?.TryReport() is { } report)
        {
            _round.WitnessInSync();
            _link?.RoundEnded(report.EventsLeft > 0, _outbox.Now);
            Checkpoint = report.Checkpoint;
            _round = null;
            _outbox.Add(new SyncOutput.RoundEnded(report));
        }
    }
}
