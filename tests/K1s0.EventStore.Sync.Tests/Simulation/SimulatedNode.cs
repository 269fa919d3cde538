using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync.Simulation;

/// <summary>One machine: its disk, its clock, and, while its process lives, the real node and what an application keeps.</summary>
internal sealed class SimulatedNode
{
    private readonly World _world;
    private readonly Dictionary<Origin, long> _known = [];
    private readonly HashSet<Dot> _acknowledged = [];
    private readonly Dictionary<int, LinkMeter> _links = [];
    private readonly HashSet<Dot> _ahead = [];

    // What this life of the process has given to its store, and has not seen in its history yet.
    private readonly HashSet<Guid> _given = [];
    private string _installation;
    private Origin? _self;
    private bool _mustBeNew;
    private bool _wasGone;

    // The log that this life of the process has begun, and the one that a peer has confirmed, with what it held of it.
    private Origin? _begun;
    private (Origin Origin, long HeldByWitness)? _witness;

    public SimulatedNode(World world, int number, SimulatedClock clock, SimulatedDisk disk)
    {
        (_world, Number, Clock, Disk) = (world, number, clock, disk);
        _installation = $"machine-{number}";
        Snapshots = new SimulatedSnapshots(world, this);
    }

    public int Number { get; }

    public string Name => $"node {Number}";

    public SimulatedClock Clock { get; }

    public SimulatedDisk Disk { get; }

    public SimulatedSnapshots Snapshots { get; }

    /// <summary>Which life of the process this is; connections of an earlier one are dead.</summary>
    public int Life { get; private set; }

    public bool IsUp => Node is not null;

    /// <summary>What did not hold when the application was told of an event; null when all did.</summary>
    public Exception? Failure { get; private set; }

    public ReplicaNode? Node { get; private set; }

    public ConflictView View { get; private set; } = new(Shop.Rules);

    /// <summary>The point that was reached with each peer, as an application keeps it: it may be of a life before.</summary>
    public Dictionary<int, VectorClock?> Checkpoints { get; } = [];

    public VectorClock Known => VectorClock.Of([.. _known.Select(entry => new Dot(entry.Key, entry.Value))]);

    /// <summary>Starts the process.</summary>
    public void Start(bool isFirst = false)
    {
        Disk.Start();
        Life++;
        (_witness, _begun) = (null, null);
        _links.Clear();
        _ahead.Clear();
        _given.Clear();
        Snapshots.IsTaking = false;
        var before = _self;
        Node = Immediately.Get(ReplicaNode.OpenAsync(Disk, Options(), Clock));
        _self = Node.Self;
        Rebuild();
        _world.Trace.Add($"{Name} starts as {Short(Node.Self)}, {Node.Tail}, with {Disk.DurableCount} entries");
        CheckStart(before, isFirst);
        if (_world.Scenario.HasGossip)
        {
            _world.Gossip.Join(this);
        }
    }

    /// <summary>Measures the link to a peer for as long as the process lives.</summary>
    public LinkMeter LinkTo(SimulatedNode peer)
    {
        _links.TryAdd(peer.Number, new LinkMeter());
        return _links[peer.Number];
    }

    /// <summary>Whether an event came ahead of its turn.</summary>
    public bool HasHeardOf(Dot dot) => _ahead.Contains(dot);

    /// <summary>The process dies; what was not durable is gone.</summary>
    public void Crash()
    {
        if (IsUp)
        {
            _world.Trace.Add($"{Name} dies");
            Node!.Dispose();
            Node = null;
        }
    }

    /// <summary>Puts another image on the disk of a machine that is down.</summary>
    public void Restore(IReadOnlyList<SimulatedDisk.Entry> image, bool isElsewhere)
    {
        var lost = Disk.DurableEvents.Select(delivered => delivered.Event.Dot)
            .Except(image.Select(entry => entry.Event).OfType<DeliveredEvent>().Select(delivered => delivered.Event.Dot));
        if (isElsewhere)
        {
            _installation += "-copy";
            Snapshots.Clear();
        }
        else
        {
            // Its own logs may go on under dots that were taken, unless a peer that knows better is met first.
            lost.Select(dot => dot.Origin).Distinct().Where(origin => _world.HasUsed(this, origin)).ToList()
                .ForEach(_world.Truth.Doubt);
        }

        Disk.CopyFrom(image);
        (_self, _mustBeNew) = (null, isElsewhere);
        _acknowledged.Clear();
        _world.Trace.Add($"{Name} gets a disk with {image.Count} entries, elsewhere: {isElsewhere}");
    }

    /// <summary>Writes an event, as an application does: after a failure it looks at its store again.</summary>
    public void Write(EventEnvelope envelope)
    {
        if (!Node!.CanWrite)
        {
            return;
        }

        var (self, seen) = (Node.Self, Known);
        CheckMayWrite();
        _given.Add(envelope.Id);
        try
        {
            var written = Immediately.Get(Node.WriteAsync(envelope));
            _acknowledged.Add(written.Event.Dot);
            _world.Trace.Add($"{Name} writes {Short(written.Event.Dot)} {envelope.EventType}");
            var expected = VectorClock.Of([.. seen.Entries.ToArray().Where(dot => dot.Origin != self)]);
            Check(written.Context.Equals(expected), $"wrote {written.Event.Dot} with {written.Context}, having seen {expected}");
            Check(Disk.Holds(written.Event.Dot), $"acknowledged {written.Event.Dot}, which is not durable");
        }
        catch (ClockAheadException)
        {
            _world.Trace.Add($"{Name} does not write: its clock was further before");
        }
        catch (SimulatedDiskErrorException)
        {
            AfterDiskError();
        }
        catch (SimulatedCrashException)
        {
            _world.Crash(this);
        }
        catch (InvalidFormatException) when (Disk.Rotten.Count > 0)
        {
            World.MakeAnew(this);
        }
    }

    /// <summary>Looks through the logs: exactly what is rotten is found.</summary>
    public void Scrub()
    {
        if (!IsUp || Disk.IsGone)
        {
            return;
        }

        var report = Immediately.Get(Node!.ScrubAsync());
        _world.Trace.Add($"{Name} looks through its logs: {report.Damaged.Count} damaged");
        Check(
            report.IsComplete && report.Damaged.ToHashSet().SetEquals(Disk.Rotten.Where(Node.Clock.Covers)),
            $"finds {string.Join(", ", report.Damaged)} damaged, and {string.Join(", ", Disk.Rotten)} is");
    }

    /// <summary>Something that is known here cannot be read from now on.</summary>
    public void Rot(Random random)
    {
        var whole = Disk.DurableEvents.Select(delivered => delivered.Event.Dot)
            .Where(dot => IsUp && Node!.Clock.Covers(dot) && Disk.CanRot(dot)).ToArray();
        if (whole.Length > 0)
        {
            var dot = whole[random.Next(whole.Length)];
            Disk.Rot(dot);
            _world.Trace.Add($"{Name} has a disk on which {Short(dot)} rots");
        }
    }

    public void BeginIncarnation()
    {
        try
        {
            _self = Immediately.Get(Node!.BeginIncarnationAsync());
            _world.Use(this, _self.Value);
            _world.Trace.Add($"{Name} goes on as {Short(_self.Value)}");
        }
        catch (SimulatedDiskErrorException)
        {
            AfterDiskError();
        }
        catch (SimulatedCrashException)
        {
            _self = null;
            _world.Crash(this);
        }
        catch (InvalidFormatException) when (Disk.Rotten.Count > 0)
        {
            World.MakeAnew(this);
        }
    }

    public void AfterDiskError()
    {
        _world.Trace.Add($"{Name} has a disk error, gone: {Disk.IsGone}");
        if (Disk.IsGone)
        {
            _wasGone = true;

            // Operators replace the cable; meanwhile nothing works.
            _world.Schedule.AfterMilliseconds(300, () => Disk.IsGone = false);
            _world.Schedule.AfterMilliseconds(301, () => _world.Guard(this, Refresh));
        }
        else
        {
            _world.Guard(this, Refresh);
        }
    }

    /// <summary>What the store holds may be more than was delivered: the application reads it again.</summary>
    public void Refresh()
    {
        if (IsUp && !Disk.IsGone)
        {
            Rebuild();
            _self = Node!.Self;
            _world.Use(this, Node.Self);
        }
    }

    /// <summary>A peer has confirmed the end of the log that this node goes on with.</summary>
    /// <param name="before">What its tail was before that.</param>
    /// <param name="held">What the peer held when it told what it holds: since then it may have got more.</param>
    public void Witnessed(TailStatus before, VectorClock held)
    {
        if (before is TailStatus.Unwitnessed && Node is { Tail: TailStatus.Sound })
        {
            _witness = (Node.Self, held[Node.Self]);
        }
    }

    public void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new SimulationFailedException($"{Name} {otherwise}.");
        }
    }

    private static string Short(Origin origin) => $"{origin.Replica.ToString()[^4..]}#{origin.Incarnation % 1000}";

    private static string Short(Dot dot) => $"{Short(dot.Origin)}:{dot.Sequence}";

    private ReplicaNodeOptions Options() => new()
    {
        Installation = _installation,
        OnDelivered = Delivered,
        OnAhead = CameAhead,
        Snapshots = _world.Scenario.HasSnapshots ? Snapshots : null,
        Replica = new ReplicaOptions { MaxWaitingEvents = _world.Scenario.MaxWaitingEvents },
        Sync = new SyncOptions
        {
            SharedKey = World.Key,
            BatchEvents = _world.Scenario.BatchEvents,
            BatchBytes = _world.Scenario.HasSlowLinks ? 8 * 1024 : 128 * 1024,
            WindowBytes = _world.Scenario.HasSnapshots ? 64 * 1024 : 1024 * 1024,
            IsCritical = Shop.IsCritical,
            PeerTimeout = TimeSpan.FromSeconds(5),
            Draw = _world.Chance.Ids.NextBytes,
        },
    };

    // The node goes on when its application fails: the run must not.
    private void Delivered(DeliveredEvent delivered)
    {
        try
        {
            Take(delivered);
        }
        catch (Exception e)
        {
            Failure ??= e;
            throw;
        }
    }

    // What comes ahead is no part of the history, and is the event that will be.
    private void CameAhead(SyncEvent ahead)
    {
        _ahead.Add(ahead.Dot);
        var isRight = Shop.IsCritical(ahead.Envelope.StreamId) && _world.Truth.IsKnown(ahead)
            && ahead.Time.WallTime <= Clock.GetUtcNow() + HybridClock.DefaultMaxDrift;
        if (!isRight)
        {
            Failure ??= new SimulationFailedException($"{Name} is told ahead of {ahead.Dot}, which nobody wrote like that.");
        }
    }

    private void Take(DeliveredEvent delivered)
    {
        var dot = delivered.Event.Dot;
        Check(Disk.Holds(dot), $"was told of {dot} before it was durable");
        Check(_known.GetValueOrDefault(dot.Origin) == dot.Sequence - 1, $"was told of {dot} behind {_known.GetValueOrDefault(dot.Origin)}");
        foreach (var cause in delivered.Context.Entries)
        {
            Check(_known.GetValueOrDefault(cause.Origin) >= cause.Sequence, $"was told of {dot} before its cause {cause}");
        }

        // What a disk turns out to have kept when it is there again was in time when it came.
        Check(
            dot.Origin == Node?.Self || _wasGone || delivered.Event.Time.WallTime <= Clock.GetUtcNow() + HybridClock.DefaultMaxDrift,
            $"took {dot}, which is of the future");
        _known[dot.Origin] = dot.Sequence;
        CheckOwnLog(delivered.Event);
        _world.Truth.Saw(Name, delivered);
        View.Apply(delivered);
    }

    // Its own log grows by what it writes. What comes back of it from others was lost here: it must not go on with it.
    private void CheckOwnLog(SyncEvent delivered)
    {
        if (delivered.Dot.Origin != Node?.Self)
        {
            return;
        }

        if (!_given.Contains(delivered.Envelope.Id))
        {
            Check(!Node.CanWrite, $"may go on behind {delivered.Dot}, which it had lost");
        }

        CheckReuse(delivered);
    }

    // Only once: a peer may confirm the log again when it has this event.
    private void CheckReuse(SyncEvent seen)
    {
        if (_given.Remove(seen.Envelope.Id) && _world.Truth.IsReused(seen))
        {
            Check(_witness is { } witness && witness.HeldByWitness < seen.Dot.Sequence, $"gave {seen.Dot} to a second event");
        }
    }

    // A log that was read from storage goes on only after somebody has confirmed its end.
    private void CheckMayWrite()
    {
        _begun = _known.GetValueOrDefault(Node!.Self) == 0 ? Node.Self : _begun;
        Check(
            _begun == Node.Self || _witness?.Origin == Node.Self,
            $"may write as {Node.Self} although nobody has confirmed its log");
    }

    public void Rebuild()
    {
        // What a node finds in its store when it begins to read, it tells first.
        var history = Immediately.All(Node!.ReadHistoryAsync());
        _wasGone = false;
        _known.Clear();
        View = new ConflictView(Shop.Rules);
        var ends = new Dictionary<Origin, Sha256Digest>();
        foreach (var delivered in history)
        {
            var dot = delivered.Event.Dot;
            var end = ends.TryGetValue(dot.Origin, out var hash) ? hash : SyncEvent.Genesis(dot.Origin);
            Check(delivered.Event.Previous == end, $"reads {dot}, which does not build on the event before it");
            ends[dot.Origin] = delivered.Event.Hash;
            Check(_known.GetValueOrDefault(dot.Origin) == dot.Sequence - 1, $"reads {dot} behind {_known.GetValueOrDefault(dot.Origin)}");
            _known[dot.Origin] = dot.Sequence;
            CheckReuse(delivered.Event);
            _world.Truth.Saw(Name, delivered);
            View.Apply(delivered);
        }

        Check(Known.Equals(Node.Clock), $"reads {Known} and knows {Node.Clock}");
        foreach (var dot in _acknowledged)
        {
            Check(Known.Covers(dot), $"has lost {dot}, which it had acknowledged");
        }
    }

    /// <summary>After a repair: what is read is the history as it was written.</summary>
    public void RebuildWhenWhole()
    {
        if (IsUp && Disk is { IsGone: false, Rotten.Count: 0 })
        {
            Rebuild();
        }
    }

    private void CheckStart(Origin? before, bool isFirst)
    {
        if (before is { } self && Node!.Self != self)
        {
            Check(Node.Clock[self] == 0, $"goes on as {Node.Self} instead of {self}");
            _mustBeNew = true;
        }

        Check(!_mustBeNew || !_world.IsUsed(Node!.Self), $"goes on as {Node!.Self}, which was used before");
        _mustBeNew = false;
        Check(isFirst || Node!.Clock[Node.Self] == 0 || !Node.CanWrite, "may write right after it was read from storage");
        _world.Use(this, Node.Self);
    }

    /// <summary>The hash of every event on the disk, by dot.</summary>
    public Dictionary<Dot, Sha256Digest> Stored() =>
        Disk.DurableEvents.ToDictionary(delivered => delivered.Event.Dot, delivered => delivered.Event.Hash);
}
