namespace K1s0.EventStore.Sync.Simulation;

/// <summary>One run: nodes that write, talk, fail and come back, and then a time in which nothing fails any more.</summary>
internal sealed class World
{
    public static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(number => (byte)number)];

    private readonly List<SimulatedNode> _nodes = [];
    private readonly List<SimulatedConnection> _connections = [];
    private readonly Dictionary<Origin, SimulatedNode> _used = [];
    private readonly List<(int Number, IReadOnlyList<SimulatedDisk.Entry> Image)> _backups = [];
    private readonly HashSet<(int, int)> _cuts = [];
    private readonly SnapshotTraffic _snapshots;

    public World(ulong seed)
    {
        Chance = new Chance(seed);
        Scenario = Scenario.Draw(Chance.Scenario);
        Schedule = new Schedule();
        Trace = new Trace(Schedule);
        Latency = Chance.Network.Next(3) switch { 0 => 3, 1 => 30, _ => 400 };
        Gossip = new SimulatedGossip(this, _nodes);
        _snapshots = new SnapshotTraffic(this, _nodes);
    }

    public Chance Chance { get; }

    public Scenario Scenario { get; }

    public Schedule Schedule { get; }

    public Trace Trace { get; }

    public Truth Truth { get; } = new();

    public int Latency { get; }

    public SimulatedGossip Gossip { get; }

    /// <summary>Whether no log has two versions or is damaged, and no event is refused for its time.</summary>
    public bool IsOrderly =>
        !Truth.HasForks && Scenario is { HasRot: false, HasRestores: false, HasClones: false, SkewMilliseconds: <= 2_000 };

    public bool IsHealing { get; private set; }

    public void Run()
    {
        for (var number = 0; number < Scenario.Nodes; number++)
        {
            AddNode();
        }

        for (var action = 0; action < Scenario.Actions; action++)
        {
            // Over a slow wire everything takes longer.
            var pause = Chance.Work.Next(1, 60) * (Scenario.HasSlowLinks ? 20 : 1);
            Schedule.RunUntil(Schedule.Now + TimeSpan.FromMilliseconds(pause));
            Act();
            if (Scenario.HasSnapshots)
            {
                _snapshots.Act();
            }

            CheckApplications();
            if (Scenario.HasRot && Chance.Rot.Next(12) == 0)
            {
                Rot(_nodes[Chance.Rot.Next(_nodes.Count)]);
            }
        }

        new Healing(this, _nodes, Heal).Run();
        CheckApplications();
    }

    private void CheckApplications()
    {
        Gossip.ThrowFailure();
        if (_nodes.Find(node => node.Failure is not null) is { Failure: { } failure })
        {
            throw failure as SimulationFailedException ?? new SimulationFailedException(failure.ToString());
        }
    }

    public bool IsCut(SimulatedNode left, SimulatedNode right) =>
        _cuts.Contains((Math.Min(left.Number, right.Number), Math.Max(left.Number, right.Number)));

    public void Use(SimulatedNode node, Origin origin) => _used.TryAdd(origin, node);

    public bool IsUsed(Origin origin) => _used.ContainsKey(origin);

    public bool HasUsed(SimulatedNode node, Origin origin) => _used.GetValueOrDefault(origin) == node;

    public void Crash(SimulatedNode node)
    {
        node.Crash();
        if (!IsHealing)
        {
            Schedule.AfterMilliseconds(Chance.Work.Next(1, 1_500), () => Revive(node));
        }
    }

    /// <summary>Does something with a node during which its disk may fail.</summary>
    public void Guard(SimulatedNode node, Action action)
    {
        try
        {
            action();
        }
        catch (SimulatedDiskErrorException)
        {
            Crash(node);
        }
        catch (SimulatedCrashException)
        {
            Crash(node);
        }
        catch (InvalidFormatException) when (node.Disk.Rotten.Count > 0)
        {
            MakeAnew(node);
        }
    }

    /// <summary>A store that cannot be read is given up: the machine begins with an empty one, as somebody new.</summary>
    public static void MakeAnew(SimulatedNode node)
    {
        node.Crash();
        node.Restore([], isElsewhere: true);
        node.Start();
    }

    public SimulatedConnection Connect(SimulatedNode caller, SimulatedNode answerer, SessionWish? wish = null)
    {
        var connection = new SimulatedConnection(
            this, caller, answerer, Scenario.HasHostileWire && !IsHealing && Chance.Network.Next(2) == 0, wish);
        _connections.RemoveAll(one => one.IsOver);
        _connections.Add(connection);
        connection.Open();
        return connection;
    }

    /// <summary>Clocks that run wrong and logs that have two versions are reasons to refuse an event; others are not.</summary>
    public void CheckReport(SimulatedNode node, SyncReport report)
    {
        var allowed = new List<Admission> { Admission.ClockTooFarAhead, Admission.NoRoomToWait };
        if (Truth.HasForks)
        {
            allowed.Add(Admission.Forked);
        }

        node.Check(
            report.EventsRefused.Keys.All(allowed.Contains), $"refuses events: {string.Join(", ", report.EventsRefused)}");
        node.Check(report.Forks.All(Truth.IsDoubtful), $"finds forks: {string.Join(", ", report.Forks)}");
    }

    private SimulatedNode AddNode()
    {
        var clock = new SimulatedClock(Schedule);
        var node = new SimulatedNode(
            this, _nodes.Count, clock, new SimulatedDisk(Chance.Disk, Scenario.UsesEventStore, clock));
        _nodes.Add(node);
        Skew(node);

        // The first is the authority; where disks are copied, the second is another life of it.
        if (node.Number == 0 || (node.Number == 1 && Scenario.HasClones))
        {
            node.Restore(
                [new SimulatedDisk.Entry(null, new ReplicaIdentity(new Origin(Shop.Authority, 1), "factory"))], isElsewhere: true);
        }

        node.Start(isFirst: true);
        return node;
    }

    private void Act()
    {
        var node = _nodes[Chance.Work.Next(_nodes.Count)];
        switch (Chance.Work.Next(100))
        {
            case < 42:
                Write(node);
                break;
            case < 72:
                ConnectSome(node);
                break;
            case < 78 when Scenario.HasCrashes && node.IsUp:
                Crash(node);
                break;
            case < 82 when Scenario.HasDiskErrors || Scenario.HasCrashes:
                ArmDisk(node);
                break;
            case < 86:
                Skew(node);
                break;
            case < 91 when Scenario.HasPartitions:
                ChangePartition();
                break;
            case < 94 when Scenario.HasRestores || Scenario.HasClones:
                _backups.Add((node.Number, node.Disk.Image()));
                break;
            case < 96 when Scenario.HasRestores && _backups.Exists(backup => backup.Number == node.Number):
                RestoreOwn(node);
                break;
            case < 98 when Scenario.HasClones && _backups.Count > 0 && _nodes.Count < 7:
                CloneOther();
                break;
            case < 99 when _connections.Count > 0:
                _connections[Chance.Network.Next(_connections.Count)].Break();
                break;
            default:
                if (node.IsUp && !node.Node!.CanWrite)
                {
                    node.BeginIncarnation();
                }

                break;
        }
    }

    private void Rot(SimulatedNode node)
    {
        for (var count = Chance.Rot.Next(1, 5); count > 0; count--)
        {
            node.Rot(Chance.Rot);
        }

        if (Chance.Rot.Next(3) > 0)
        {
            Schedule.AfterMilliseconds(Chance.Rot.Next(200), () => Guard(node, node.Scrub));
        }
    }

    private void Write(SimulatedNode node)
    {
        if (node.IsUp && !node.Disk.IsGone)
        {
            node.Write(Draw(node));
        }
    }

    private EventEnvelope Draw(SimulatedNode node)
    {
        var now = node.Clock.GetUtcNow();
        var waiting = node.Node!.Self.Replica == Shop.Authority && Chance.Work.Next(3) == 0 ? node.View.Unaccepted() : [];
        return waiting.Count > 0
            ? AuthorityStamp.Create(Shop.Authority, [.. waiting], node.Clock) with { Id = Chance.NextId() }
            : WithContent(Shop.Draw(Chance.Work, Chance.NextId(), now));
    }

    // Over a slow link it matters how large an event is.
    private EventEnvelope WithContent(EventEnvelope drawn) =>
        Scenario.HasSlowLinks && !Shop.IsCritical(drawn.StreamId) ? Shop.Fill(drawn, Chance.Link) : drawn;

    private void ConnectSome(SimulatedNode node)
    {
        var other = _nodes[Chance.Work.Next(_nodes.Count)];
        if (other != node && node.IsUp && other.IsUp && !IsCut(node, other) && !node.Disk.IsGone && !other.Disk.IsGone)
        {
            Connect(node, other);
        }
    }

    private void ArmDisk(SimulatedNode node) => node.Disk.Next = (Scenario.HasDiskErrors, Scenario.HasCrashes) switch
    {
        (true, true) => (SimulatedDisk.Fault)Chance.Disk.Next(1, 7),
        (true, false) => (SimulatedDisk.Fault)Chance.Disk.Next(1, 4),
        _ => (SimulatedDisk.Fault)Chance.Disk.Next(4, 7),
    };

    private void Skew(SimulatedNode node) =>
        node.Clock.Error = TimeSpan.FromMilliseconds(Chance.Work.Next(-Scenario.SkewMilliseconds, Scenario.SkewMilliseconds + 1));

    private void ChangePartition()
    {
        if (_cuts.Count > 0 && Chance.Network.Next(2) == 0)
        {
            _cuts.Clear();
            return;
        }

        var alone = Chance.Network.Next(_nodes.Count);
        foreach (var node in _nodes.Where(node => node.Number != alone && Chance.Network.Next(3) > 0))
        {
            _cuts.Add((Math.Min(node.Number, alone), Math.Max(node.Number, alone)));
        }
    }

    private void RestoreOwn(SimulatedNode node)
    {
        var backups = _backups.Where(backup => backup.Number == node.Number).ToArray();
        node.Crash();
        node.Restore(backups[Chance.Work.Next(backups.Length)].Image, isElsewhere: false);
        node.Start();
    }

    private void CloneOther()
    {
        var clock = new SimulatedClock(Schedule);
        var clone = new SimulatedNode(
            this, _nodes.Count, clock, new SimulatedDisk(Chance.Disk, Scenario.UsesEventStore, clock));
        _nodes.Add(clone);
        clone.Restore(_backups[Chance.Work.Next(_backups.Count)].Image, isElsewhere: true);
        clone.Start();
    }

    private static void Revive(SimulatedNode node)
    {
        if (!node.IsUp)
        {
            node.Start();
        }
    }

    // Nothing fails any more, and enough time goes by for every clock to have been reached.
    private void Heal()
    {
        IsHealing = true;
        _cuts.Clear();
        Trace.Add($"nothing fails from here on");
        Gossip.Pause();
        Schedule.RunUntil(Schedule.Now + TimeSpan.FromMilliseconds((2 * Scenario.SkewMilliseconds) + 10_000));
        foreach (var node in _nodes)
        {
            (node.Clock.Error, node.Disk.Next, node.Disk.IsGone) = (TimeSpan.Zero, SimulatedDisk.Fault.None, false);
            Revive(node);
        }

        Schedule.RunAll(maxSteps: 200_000);
        GiveUpWhatNobodyHas();
        _nodes.ForEach(node => node.Scrub());
        TryGossipAndSnapshots();
    }

    // Nobody gives what is damaged, and a log that has two versions stays different.
    private void TryGossipAndSnapshots()
    {
        if (Scenario is { HasGossip: true, HasRot: false } && !Truth.HasForks)
        {
            Gossip.Converge();
            Schedule.RunAll(maxSteps: 200_000);
        }

        if (Scenario.HasSnapshots)
        {
            _snapshots.Conclude();
        }
    }

    // What rots where it is the only one, nobody can give back.
    private void GiveUpWhatNobodyHas()
    {
        while (_nodes.Find(node => node.Disk.Rotten.Any(dot => !_nodes.Exists(other => HasWhole(other, dot)))) is { } node)
        {
            MakeAnew(node);
        }
    }

    private static bool HasWhole(SimulatedNode node, Dot dot) => node.Disk.Holds(dot) && !node.Disk.Rotten.Contains(dot);
}
