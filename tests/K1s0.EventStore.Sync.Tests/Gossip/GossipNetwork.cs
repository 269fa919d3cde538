namespace K1s0.EventStore.Sync.Tests;

/// <summary>
/// Many members in virtual time: the real gossip, calls and sessions that take their time, get lost and break. A session
/// gives both sides what either holds.
/// </summary>
internal sealed class GossipNetwork
{
    private readonly Random _random;
    private readonly PriorityQueue<Action, (long Ticks, long Number)> _due = new();
    private readonly TimeSpan _interval = TimeSpan.FromSeconds(1);
    private readonly Dictionary<string, Node> _byAddress;
    private long _number;

    public GossipNetwork(int count, Random random, Action<GossipOptions>? configure = null)
    {
        _random = random;
        Nodes = [.. Enumerable.Range(0, count).Select(number => new Node(number, Options(number, configure), random))];
        _byAddress = Nodes.ToDictionary(node => node.Address, StringComparer.Ordinal);
        foreach (var node in Nodes)
        {
            After(_interval * random.NextDouble(), () => Tick(node));
        }
    }

    public IReadOnlyList<Node> Nodes { get; }

    public DateTimeOffset Now { get; private set; } = Some.Noon;

    /// <summary>The part of the calls that get lost.</summary>
    public double Loss { get; set; }

    /// <summary>Whether two nodes do not reach each other.</summary>
    public Func<Node, Node, bool> IsCut { get; set; } = (_, _) => false;

    public long Messages { get; private set; }

    public long Bytes { get; private set; }

    public int LargestMessage { get; private set; }

    public long Sessions { get; private set; }

    /// <summary>The most sessions that began at one node, called or calling, within one interval.</summary>
    public int MostSessions => Nodes.Max(node => node.SessionStarts.GroupBy(at => at).Max(group => (int?)group.Count()) ?? 0);

    private IEnumerable<Node> Up => Nodes.Where(node => node.IsUp);

    /// <summary>Runs until something is so; how many intervals that took, or -1 when it did not come about.</summary>
    public int RunUntil(Func<bool> isDone, int most)
    {
        for (var intervals = 0; intervals <= most; intervals++)
        {
            if (isDone())
            {
                return intervals;
            }

            Run(1);
        }

        return -1;
    }

    public void Run(int intervals)
    {
        var end = Now + (intervals * _interval);
        while (_due.TryPeek(out _, out var at) && at.Ticks <= end.UtcTicks)
        {
            _due.TryDequeue(out var action, out at);
            Now = new DateTimeOffset(at.Ticks, TimeSpan.Zero);
            action!();
        }

        Now = end;
    }

    public bool AllHoldTheSame() => Up.All(node => node.Clock.Equals(Up.First().Clock));

    /// <summary>Every node that is up knows every other one as alive, and each that is down as dead.</summary>
    public bool AllKnowAll() => Up.All(node => Nodes.Where(other => other != node).All(other =>
        node.State.Members.Find(other.Address) is { } member
            ? member.State == (other.IsUp ? MemberState.Alive : MemberState.Dead)
            : !other.IsUp));

    /// <summary>Every node knows every other one, whatever it thinks of it.</summary>
    public bool AllKnowMembers() => Up.All(node => Nodes.Where(other => other != node).All(other =>
        node.State.Members.Find(other.Address) is not null));

    /// <summary>From each node that is up every other one can be reached over members that are known as alive.</summary>
    public bool IsConnected()
    {
        var (seen, toSee) = (new HashSet<Node>(), new Queue<Node>([Up.First()]));
        while (toSee.TryDequeue(out var next))
        {
            if (seen.Add(next))
            {
                foreach (var member in next.State.Members.Live)
                {
                    if (ByAddress(member.Address) is { IsUp: true } known)
                    {
                        toSee.Enqueue(known);
                    }
                }
            }
        }

        return seen.Count == Up.Count();
    }

    public Node? ByAddress(string address) => _byAddress.GetValueOrDefault(address);

    public void ResetCounts()
    {
        (Messages, Bytes, Sessions) = (0, 0, 0);
        foreach (var node in Nodes)
        {
            node.SessionStarts.Clear();
        }
    }

    /// <summary>Carries one message to a node, and its answer back, both as bytes.</summary>
    public GossipMessage? Exchange(Node to, GossipMessage asked)
    {
        var answer = to.State.Answer(Carry(asked, FrameType.Gossip), to.View, Now);
        return Carry(answer, FrameType.GossipAnswer);
    }

    private static GossipOptions Options(int number, Action<GossipOptions>? configure)
    {
        var options = new GossipOptions { Address = Node.Name(number) };
        options.Seeds.Add(Node.Name(0));
        options.Seeds.Add(Node.Name(1));
        configure?.Invoke(options);
        return options;
    }

    private void After(TimeSpan delay, Action action) => _due.Enqueue(action, ((Now + delay).UtcTicks, _number++));

    private void Tick(Node node)
    {
        After(_interval * (0.9 + (0.2 * _random.NextDouble())), () => Tick(node));
        if (node.IsUp)
        {
            Do(node, node.State.Tick(Now, node.Clock));
        }
    }

    private void Do(Node node, IReadOnlyList<GossipAction> actions)
    {
        foreach (var action in actions)
        {
            if (action is GossipAction.Call call)
            {
                After(TimeSpan.FromMilliseconds(_random.Next(1, 100)), () => Call(node, call));
            }
            else
            {
                Begin(node, ((GossipAction.Synchronise)action).Address);
            }
        }
    }

    private bool Reaches(Node from, Node? to) =>
        from.IsUp && to is { IsUp: true } && !IsCut(from, to) && _random.NextDouble() >= Loss;

    private void Call(Node node, GossipAction.Call call)
    {
        var other = ByAddress(call.Address);
        if (!Reaches(node, other))
        {
            After(TimeSpan.FromSeconds(2), () => Do(node, node.State.Failed(call, Now)));
            return;
        }

        var answer = Exchange(other!, node.State.Ask(call, node.View, Now));
        if (_random.NextDouble() < Loss)
        {
            After(TimeSpan.FromSeconds(2), () => Do(node, node.State.Failed(call, Now)));
        }
        else
        {
            Do(node, node.State.Answered(call, answer, node.View, Now));
        }
    }

    private void Begin(Node node, string address)
    {
        var other = ByAddress(address);
        Sessions++;
        node.Started(Now);
        other?.Started(Now);
        After(TimeSpan.FromMilliseconds(_random.Next(20, 400)), () =>
        {
            var (moved, isInSync) = (false, false);
            if (Reaches(node, other))
            {
                var both = node.Clock.Merge(other!.Clock);
                isInSync = node.Clock.Equals(other.Clock);
                (moved, node.Clock, other.Clock) = (!isInSync, both, both);
            }

            node.State.SessionEnded(address, moved, isInSync, Now);
        });
    }

    private GossipMessage Carry(GossipMessage message, byte type)
    {
        var frame = message.ToFrame(type);
        Messages++;
        Bytes += frame.Length;
        LargestMessage = Math.Max(LargestMessage, frame.Length);
        var reader = new WireReader(frame.AsSpan(1));
        return GossipMessage.Read(ref reader) ?? throw new InvalidOperationException(reader.Problem);
    }

    internal sealed class Node(int number, GossipOptions options, Random random)
    {
        public Origin Origin { get; } = Some.Origin(number + 1);

        public string Address { get; } = Name(number);

        public GossipState State { get; } = new(options, random.NextDouble);

        public VectorClock Clock { get; set; } = VectorClock.Empty;

        public bool IsUp { get; set; } = true;

        public List<long> SessionStarts { get; } = [];

        public GossipView View => new(Clock, (ulong)Clock.GetHashCode(), origin => (ulong)Clock[origin]);

        public static string Name(int number) => $"node-{number}.example:7000";

        public void Write() => Clock = Clock.Increment(Origin);

        public void Started(DateTimeOffset now) => SessionStarts.Add(now.ToUnixTimeSeconds());
    }
}
