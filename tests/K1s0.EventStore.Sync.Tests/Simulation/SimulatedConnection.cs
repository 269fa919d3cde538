using K1s0.EventStore.Sync.Snapshots;

namespace K1s0.EventStore.Sync.Simulation;

/// <summary>
/// A connection between two nodes: the real sessions, and frames that take their time. An honest wire keeps them whole
/// and in order until it breaks; a hostile one loses, repeats, moves and changes them.
/// </summary>
internal sealed class SimulatedConnection
{
    // A page of events in less than the time for which a peer may be silent.
    private const double SlowBytesPerSecond = 6_000;

    private readonly World _world;
    private readonly bool _isHostile;
    private readonly bool _lies;
    private readonly SessionWish _wish;
    private readonly End _caller;
    private readonly End _answerer;
    private bool _isBroken;

    public SimulatedConnection(
        World world, SimulatedNode caller, SimulatedNode answerer, bool isHostile, SessionWish? wish = null)
    {
        (_world, _isHostile) = (world, isHostile);
        _wish = wish ?? new SessionWish(caller.Checkpoints.GetValueOrDefault(answerer.Number), caller.LinkTo(answerer));
        _lies = world.Scenario.HasRot && !world.IsHealing && world.Chance.Rot.Next(3) == 0;
        var follows = world.Scenario.FollowsLinks && !world.IsHealing;
        _wish = follows ? _wish : _wish with { Link = null };
        _caller = new End(caller, SyncRole.Initiator, _wish);
        _answerer = new End(answerer, SyncRole.Responder, new SessionWish(
            answerer.Checkpoints.GetValueOrDefault(caller.Number), follows ? new LinkMeter() : null));
        (_caller.Other, _answerer.Other) = (_answerer, _caller);
    }

    public string Name => $"{_caller.Node.Number}>{_answerer.Node.Number}";

    /// <summary>What the caller's last round did; null before there was one.</summary>
    public SyncReport? Report => _caller.Report;

    public SyncReport? AnswererReport => _answerer.Report;

    /// <summary>What became of the snapshot that the caller wants; null when it wants none.</summary>
    public SnapshotReport? Snapshot => _caller.Session.Snapshot;

    public bool IsOver => !_caller.IsOpen && !_answerer.IsOpen;

    public void Open()
    {
        _world.Trace.Add($"{Name} connects, hostile: {_isHostile}");
        Give(_answerer, new SyncInput.Started());
        Give(_caller, new SyncInput.Started());
        Watch(_caller);
        Watch(_answerer);
    }

    /// <summary>The wire breaks; each side notices some time later, or by the silence only.</summary>
    public void Break()
    {
        if (!_isBroken)
        {
            _isBroken = true;
            _world.Trace.Add($"{Name} breaks");
            foreach (var end in new[] { _caller, _answerer })
            {
                if (_world.Chance.Network.Next(4) > 0)
                {
                    _world.Schedule.AfterMilliseconds(_world.Chance.Network.Next(50), () => Give(end, new SyncInput.Disconnected()));
                }
            }
        }
    }

    private void Watch(End end)
    {
        if (end.IsOpen)
        {
            Give(end, new SyncInput.TimerElapsed());
            _world.Schedule.AfterMilliseconds(1_000, () => Watch(end));
        }
    }

    private void Give(End end, SyncInput input)
    {
        if (!end.IsOpen)
        {
            return;
        }

        if (!end.IsAlive)
        {
            Close(end);
            return;
        }

        var (node, tail) = (end.Node, end.Node.Node!.Tail);
        try
        {
            var outputs = Immediately.Get(node.Node!.StepAsync(end.Session, input, CancellationToken.None));
            node.Witnessed(tail, end.Other.Told);
            outputs.ForEach(output => Do(end, output));
        }
        catch (SimulatedDiskErrorException)
        {
            Close(end);
            node.AfterDiskError();
            return;
        }
        catch (SimulatedCrashException)
        {
            _world.Crash(node);
            Close(end);
        }
        catch (InvalidFormatException) when (node.Disk.Rotten.Count > 0)
        {
            World.MakeAnew(node);
            Close(end);
        }

        WorkOnSnapshots(end);
    }

    // Before the next frame is looked at, as in a real process. What throws ends the session.
    private void WorkOnSnapshots(End end)
    {
        while (end.IsOpen && end.IsAlive && end.SnapshotWork.TryDequeue(out var work))
        {
            SnapshotResult result;
            try
            {
                result = Immediately.Get(end.Node.Node!.Snapshots.DoAsync(work, CancellationToken.None));
            }
            catch (SimulatedDiskErrorException)
            {
                Close(end);
                return;
            }
            catch (SimulatedCrashException)
            {
                _world.Crash(end.Node);
                Close(end);
                return;
            }

            Give(end, new SyncInput.Snapshot(result));
        }
    }

    private void Do(End end, SyncOutput output)
    {
        switch (output)
        {
            case SyncOutput.Send send:
                Send(end, send.Frame);
                break;
            case SyncOutput.Read or SyncOutput.ReadLinks or SyncOutput.ReadWhole:
                _world.Schedule.AfterMilliseconds(_world.Chance.Disk.Next(5), () => Read(end, output));
                break;
            case SyncOutput.Snapshot snapshot:
                end.SnapshotWork.Enqueue(snapshot.Work);
                break;
            case SyncOutput.RoundEnded ended:
                RoundEnded(end, ended.Report);
                break;
            case SyncOutput.Ended ended:
                Ended(end, ended);
                break;
            default:
                throw new SimulationFailedException($"{Name} was not expected to want {output}.");
        }
    }

    private void Read(End end, SyncOutput read)
    {
        if (!end.IsOpen || !end.IsAlive)
        {
            return;
        }

        SyncInput? done;
        try
        {
            done = Immediately.Get(end.Node.Node!.ReadAsync(read, CancellationToken.None));
        }
        catch (SimulatedDiskErrorException)
        {
            Close(end);
            return;
        }
        catch (InvalidFormatException) when (end.Node.Disk.Rotten.Count > 0)
        {
            Close(end);
            _world.Guard(end.Node, end.Node.Scrub);
            return;
        }

        Give(end, _lies && done is SyncInput.WholeRead whole ? Forge(whole) : done!);
    }

    // It knows the right hashes, says so, and gives others.
    private static SyncInput.WholeRead Forge(SyncInput.WholeRead whole) => new(
    [
        .. whole.Events.Select(one => SyncEvent.Create(
            one.Dot, one.Time, one.Previous, one.Observed, one.Envelope with { PayloadUtf8 = "\"forged\""u8.ToArray() })),
    ]);

    private void Send(End end, byte[] frame)
    {
        if (frame[0] is FrameType.Digest or FrameType.Same or FrameType.Vector)
        {
            end.Told = end.Node.Node!.Clock;
        }

        var random = _world.Chance.Network;
        var copies = 1;
        if (_isHostile)
        {
            switch (random.Next(60))
            {
                case 0:
                    copies = 0;
                    break;
                case 1:
                    copies = 2;
                    break;
                case 2:
                    frame = [.. frame];
                    frame[random.Next(frame.Length)] ^= (byte)(1 << random.Next(8));
                    break;
                case 3:
                    frame = frame[..random.Next(1, frame.Length + 1)];
                    break;
                default:
                    break;
            }
        }

        for (; copies > 0; copies--)
        {
            var at = Carried(end, frame.Length) + TimeSpan.FromMilliseconds(random.Next(1, _world.Latency));
            var keepsOrder = !_isHostile || random.Next(20) > 0;
            at = keepsOrder && at < end.LastArrival ? end.LastArrival : at;
            end.LastArrival = keepsOrder ? at : end.LastArrival;
            var (other, arriving) = (end.Other, frame);
            _world.Schedule.After(at - _world.Schedule.Now, () => Arrive(other, arriving));
        }
    }

    // A slow wire carries one frame after the other.
    private TimeSpan Carried(End end, int bytes)
    {
        var now = _world.Schedule.Now;
        if (_world.Scenario.HasSlowLinks && !_world.IsHealing)
        {
            end.FreeAt = (end.FreeAt > now ? end.FreeAt : now) + TimeSpan.FromSeconds(bytes / SlowBytesPerSecond);
            return end.FreeAt;
        }

        return now;
    }

    private void Arrive(End end, byte[] frame)
    {
        if (_world.IsCut(_caller.Node, _answerer.Node))
        {
            Break();
        }

        if (!_isBroken)
        {
            Give(end, new SyncInput.Received(frame));
        }
    }

    // A round that ended well names a point: both sides have all of it, and not only in memory.
    private void RoundEnded(End end, SyncReport report)
    {
        end.Report = report;
        _world.Trace.Add($"{Name} {end.Role}: {report.Mode}, sent {report.EventsSent}, received {report.EventsReceived}, forks {report.Forks.Count}");
        end.Node.Checkpoints[end.Other.Node.Number] = report.Checkpoint;
        if (report.Checkpoint is { } point)
        {
            end.Node.Check(end.Node.Disk.DurableClock.Covers(point), $"names the point {point}, which it does not hold");
            end.Node.Check(
                end.Other.WasRestored || end.Other.Node.Disk.DurableClock.Covers(point),
                $"names the point {point}, which its peer does not hold");
        }

        _world.CheckReport(end.Node, report);
        CheckCriticalCame(end, report);
        end.Node.Check(report.RepairsRefused == 0 || _lies, $"refuses {report.RepairsRefused} repairs of an honest peer");
        if (report.EventsRepaired > 0)
        {
            _world.Trace.Add($"{Name} {end.Role}: {report.EventsRepaired} events repaired");
            _world.Guard(end.Node, end.Node.RebuildWhenWhole);
        }

        if (report.BranchesAdopted.Count > 0)
        {
            _world.Trace.Add($"{Name} {end.Role}: gives up {string.Join(", ", report.BranchesAdopted)}");
            _world.Guard(end.Node, end.Node.RebuildWhenWhole);
        }

        if (end.Role is SyncRole.Initiator)
        {
            if (_world.Chance.Network.Next(5) == 0 && !_world.IsHealing)
            {
                _world.Schedule.AfterMilliseconds(_world.Chance.Network.Next(100), () => WantRound(end));
            }
            else
            {
                Close(end);
            }
        }
    }

    // What was left behind was left for what is critical: all of that has come, in its turn or ahead of it.
    private void CheckCriticalCame(End end, SyncReport report)
    {
        if (report.EventsLeft > 0 && _world.IsOrderly && !_isHostile)
        {
            var came = end.Node.Node!.Clock;
            var late = _world.Truth.Events.Select(one => one.Event.Dot).Where(dot =>
                Shop.IsCritical(_world.Truth.StreamOf(dot)) && end.Other.AtOpening.Covers(dot)
                && !came.Covers(dot) && !end.Node.HasHeardOf(dot)).ToList();
            end.Node.Check(
                late.Count == 0, $"has not got {string.Join(", ", late)}, which are critical, and {report.EventsLeft} others were left");
        }
    }

    private void WantRound(End end)
    {
        if (end.IsOpen && end.IsAlive)
        {
            Give(end, new SyncInput.RoundWanted());
        }
    }

    private void Ended(End end, SyncOutput.Ended ended)
    {
        _world.Trace.Add($"{Name} {end.Role} ends: {ended.Reason}, {ended.Detail}");
        var isUsual = ended.Reason is SyncEndReason.Completed or SyncEndReason.Disconnected or SyncEndReason.TimedOut
            || (ended.Reason is SyncEndReason.StoreIncomplete && ended.Detail.Contains("meanwhile", StringComparison.Ordinal))
            || (ended.Reason is SyncEndReason.StoreIncomplete && end.Node.Snapshots.HasDamage);

        // Before the keys are known, a change on the way may look like anything; afterwards like one thing only.
        var isOfTheWire = _isHostile && (!end.Session.IsSealed || ended.Reason is SyncEndReason.FrameForged);
        end.Node.Check(isUsual || isOfTheWire, $"ends {Name} with {ended.Reason}: {ended.Detail}");
        Close(end);
    }

    private void Close(End end)
    {
        if (end.IsOpen)
        {
            end.IsOpen = false;
            end.Session.Dispose();
            if (end == _caller)
            {
                _wish.Ended?.Invoke(this);
            }

            // Behind the frames that are on their way.
            var delay = end.LastArrival > _world.Schedule.Now ? end.LastArrival - _world.Schedule.Now : TimeSpan.Zero;
            _world.Schedule.After(delay, () => Give(end.Other, new SyncInput.Disconnected()));
        }
    }

    private sealed class End
    {
        private readonly int _life;
        private readonly int _restores;

        public End(SimulatedNode node, SyncRole role, SessionWish wish)
        {
            (Node, Role, _life, _restores) = (node, role, node.Life, node.Disk.Restores);
            Session = node.Node!.NewSession(role, wish.Checkpoint, link: wish.Link, wanted: wish.Snapshot);
            AtOpening = Told = node.Node.Clock;
        }

        /// <summary>What it held when the connection was made.</summary>
        public VectorClock AtOpening { get; }

        /// <summary>What it held when it last told what it holds.</summary>
        public VectorClock Told { get; set; }

        public Queue<SnapshotWork> SnapshotWork { get; } = new();

        /// <summary>When the wire has carried what it was given.</summary>
        public TimeSpan FreeAt { get; set; }

        public SimulatedNode Node { get; }

        public SyncRole Role { get; }

        public SyncSession Session { get; }

        public End Other { get; set; } = null!;

        public bool IsOpen { get; set; } = true;

        public bool IsAlive => Node.IsUp && Node.Life == _life;

        public bool WasRestored => Node.Disk.Restores != _restores;

        public TimeSpan LastArrival { get; set; }

        public SyncReport? Report { get; set; }
    }
}
