namespace K1s0.EventStore.Sync.Simulation;

/// <summary>
/// Gossip among the simulated nodes: the real one of each node, calls over wires that take their time and may be hostile,
/// and the sessions that it begins.
/// </summary>
internal sealed class SimulatedGossip(World world, IReadOnlyList<SimulatedNode> nodes)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Timeout = TimeSpan.FromMilliseconds(900);

    // Asked more and more rarely, a member is asked after 64 intervals at the latest.
    private const int SecondsToConverge = 180;

    private bool _isOn = true;
    private long _sessions;

    /// <summary>What went wrong in a call that nobody waits for.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>A process has started: it knows one other from the start.</summary>
    public void Join(SimulatedNode node)
    {
        var options = new GossipOptions { Address = Address(node.Number), Interval = Interval, Timeout = Timeout };
        options.Seeds.Add(Address(Math.Max(0, node.Number - 1)));
        node.Node!.Gossip = new GossipNode(options, node.Clock, world.Chance.Gossip.NextDouble);
        Follow(node, node.Life);
    }

    /// <summary>Nobody calls from here on; what is under way comes to its end.</summary>
    public void Pause() => _isOn = false;

    /// <summary>Nothing fails any more, and nobody begins a session but gossip: all come to hold the same, and then rest.</summary>
    public void Converge()
    {
        _isOn = true;
        foreach (var node in nodes)
        {
            Follow(node, node.Life);
        }

        for (var seconds = 0; !AreSame(); seconds++)
        {
            if (seconds == SecondsToConverge)
            {
                throw new SimulationFailedException(
                    $"gossip alone does not bring together {string.Join(" | ", nodes.Select(node => node.Node!.Clock))}.");
            }

            world.Schedule.RunUntil(world.Schedule.Now + TimeSpan.FromSeconds(1));
            ThrowFailure();
        }

        // Sessions that were granted before that.
        world.Schedule.RunUntil(world.Schedule.Now + TimeSpan.FromSeconds(3));
        var before = _sessions;
        world.Schedule.RunUntil(world.Schedule.Now + TimeSpan.FromSeconds(3));
        ThrowFailure();
        if (_sessions != before)
        {
            throw new SimulationFailedException($"all hold the same, and gossip begins {_sessions - before} sessions.");
        }

        Pause();
    }

    public void ThrowFailure()
    {
        if (Failure is { } failure)
        {
            throw failure as SimulationFailedException ?? new SimulationFailedException(failure.ToString());
        }
    }

    private static string Address(int number) => $"node-{number}";

    private bool AreSame() => nodes.Select(node => node.Node!.Clock).Distinct().Count() == 1;

    private void Follow(SimulatedNode node, int life)
    {
        if (!_isOn || !IsAlive(node, life))
        {
            return;
        }

        Do(node, life, node.Node!.Gossip!.Tick(node.Node.Clock));
        node.Node.Gossip.TakeChanges();
        world.Schedule.After(
            Interval * (0.9 + (0.2 * world.Chance.Gossip.NextDouble())), () => Follow(node, life));
    }

    private static bool IsAlive(SimulatedNode node, int life) => node.IsUp && node.Life == life && !node.Disk.IsGone;

    private void Do(SimulatedNode node, int life, IReadOnlyList<GossipAction> actions)
    {
        foreach (var action in actions)
        {
            if (action is GossipAction.Call call)
            {
                _ = CallAsync(node, life, call);
            }
            else
            {
                Synchronise(node, ((GossipAction.Synchronise)action).Address);
            }
        }
    }

    private SimulatedNode? Reach(SimulatedNode caller, string address)
    {
        var other = nodes.FirstOrDefault(node => string.Equals(Address(node.Number), address, StringComparison.Ordinal));
        return other is { IsUp: true, Disk.IsGone: false } && other != caller && !world.IsCut(caller, other) ? other : null;
    }

    // Goes on in the step in which a frame arrives; whatever is thrown must not get lost.
    private async Task CallAsync(SimulatedNode caller, int life, GossipAction.Call call)
    {
        var gossip = caller.Node!.Gossip!;
        try
        {
            IReadOnlyList<GossipAction> next;
            try
            {
                await using var wire = new GossipWire(world, caller, Reach(caller, call.Address), Timeout);
                using var exchange = new GossipCall(wire, caller.Node.Sync);
                var request = gossip.Ask(call, caller.Node.ViewFor(null));
                var answer = await exchange.RunAsync(request, CancellationToken.None);
                next = IsAlive(caller, life) ? gossip.Answered(call, answer, caller.Node.ViewFor(null)) : [];
            }
            catch (IOException)
            {
                next = gossip.Failed(call);
            }

            if (IsAlive(caller, life))
            {
                Do(caller, life, next);
            }
        }
        catch (Exception e)
        {
            Failure ??= e;
        }
    }

    private void Synchronise(SimulatedNode caller, string address)
    {
        var gossip = caller.Node!.Gossip!;
        if (Reach(caller, address) is not { } other)
        {
            gossip.SessionEnded(address, null);
            return;
        }

        _sessions++;
        var (checkpoint, link) = gossip.Known(address);
        world.Trace.Add($"{caller.Name} has heard of news of {other.Name}");
        world.Connect(caller, other, new SessionWish(
            checkpoint, link, null, connection => gossip.SessionEnded(address, connection.Report)));
    }
}
