namespace K1s0.EventStore.Sync;

/// <summary>
/// The members that one node knows: all of them while they are few, a part of bounded size when they are many. Newer
/// words of a member replace older ones, and what a member says of itself replaces all.
/// </summary>
internal sealed class GossipMembers(string self, IEnumerable<string> seeds, Draw draw)
{
    /// <summary>So many are all known, this node among them.</summary>
    public const int MaxFull = 32;

    /// <summary>Of more, so many are called in turn.</summary>
    public const int ActiveMembers = 5;

    // 5 that are called in turn, 30 in reserve; and as many that did not answer, to find them after a partition.
    private const int MaxLive = 35;
    private const int MaxDead = 35;

    private const int MaxChanges = 256;

    // Who speaks of a later time is not believed: he could silence a member for ever.
    private const long MaxLeap = 1 << 20;

    private readonly Dictionary<string, Member> _known = new(
        seeds.Where(seed => !string.Equals(seed, self, StringComparison.Ordinal))
            .Distinct(StringComparer.Ordinal)
            .Select(seed => KeyValuePair.Create(seed, new Member(seed, isSeed: true))),
        StringComparer.Ordinal);

    private readonly Announcements<string> _rumours = new();
    private readonly List<MemberStatus> _changes = [];
    private readonly List<string> _turn = [];
    private readonly List<string> _active = [];

    /// <summary>How often this node has contradicted.</summary>
    public long Incarnation { get; private set; }

    public IEnumerable<Member> All => _known.Values;

    public IEnumerable<Member> Live => _known.Values.Where(member => member.State is not MemberState.Dead);

    public int LiveCount => Live.Count();

    /// <summary>Whether only a part is known.</summary>
    public bool IsPartial => LiveCount >= MaxFull;

    /// <summary>Members that were lost or found since this was asked.</summary>
    public IReadOnlyList<MemberStatus> TakeChanges()
    {
        MemberStatus[] taken = [.. _changes];
        _changes.Clear();
        return taken;
    }

    public Member? Find(string address) => _known.GetValueOrDefault(address);

    /// <summary>Hears what somebody says.</summary>
    public void Hear(MemberRumour rumour, DateTimeOffset now)
    {
        if (string.Equals(rumour.Address, self, StringComparison.Ordinal))
        {
            Contradict(rumour);
            return;
        }

        if (Find(rumour.Address) is not { } member)
        {
            if (rumour.State is MemberState.Alive && rumour.Incarnation <= MaxLeap && HasRoom(hasSpoken: false))
            {
                Add(rumour.Address, rumour.Incarnation);
            }

            return;
        }

        var isNewer = rumour.Incarnation > member.Incarnation
            || (rumour.Incarnation == member.Incarnation && rumour.State > member.State);
        if (isNewer && rumour.Incarnation - member.Incarnation <= MaxLeap)
        {
            member.Incarnation = rumour.Incarnation;
            Turn(member, rumour.State, now);
            _rumours.Add(member.Address);
        }
    }

    /// <summary>A member spoke: it is there, whatever others say. Null when it has no address.</summary>
    public Member? Spoke(string address, long incarnation, DateTimeOffset now)
    {
        if (address.Length == 0 || string.Equals(address, self, StringComparison.Ordinal))
        {
            return null;
        }

        var member = Find(address) ?? (HasRoom(hasSpoken: true) ? Add(address, 0) : null);
        if (member is null)
        {
            return null;
        }

        member.Doubt = member.State is MemberState.Alive ? member.Doubt : member.Rumour;
        if (incarnation > member.Incarnation && incarnation - member.Incarnation <= MaxLeap)
        {
            member.Incarnation = incarnation;
            _rumours.Add(address);
        }

        member.HasSpoken = true;
        Turn(member, MemberState.Alive, now);
        return member;
    }

    /// <summary>A member does not answer, neither here nor through others.</summary>
    public void Suspect(Member member, DateTimeOffset now)
    {
        if (member.State is MemberState.Alive)
        {
            Turn(member, MemberState.Suspect, now);
            _rumours.Add(member.Address);
        }
    }

    /// <summary>Gives up those that were suspected for too long.</summary>
    public void GiveUp(TimeSpan patience, DateTimeOffset now)
    {
        foreach (var member in _known.Values.Where(member =>
            member.State is MemberState.Suspect && now - member.SuspectedAt >= patience).ToList())
        {
            Turn(member, MemberState.Dead, now);
            _rumours.Add(member.Address);
        }

        Forget(member => member.State is MemberState.Dead, MaxDead);
        Forget(member => member.State is not MemberState.Dead && !_active.Contains(member.Address), MaxLive);
    }

    /// <summary>Whose turn it is; null when nobody is known.</summary>
    public Member? Next(long tick)
    {
        if (tick % 4 == 3 && Any(member => member.State is MemberState.Dead) is { } dead)
        {
            return dead;
        }

        if (IsPartial && tick % 2 == 0)
        {
            return Any(member => member.State is not MemberState.Dead);
        }

        while (true)
        {
            if (_turn.Count == 0)
            {
                _turn.AddRange(IsPartial ? Active() : Live.Select(member => member.Address));
                draw.Shuffle(_turn);
                if (_turn.Count == 0)
                {
                    return Any(_ => true);
                }
            }

            var next = Find(_turn[^1]);
            _turn.RemoveAt(_turn.Count - 1);
            if (next is { State: not MemberState.Dead })
            {
                return next;
            }
        }
    }

    /// <summary>Some that could ask a member in this node's place.</summary>
    public List<Member> Helpers(Member target, int most)
    {
        var helpers = Live.Where(member => member != target && member.State is MemberState.Alive).ToList();
        draw.Shuffle(helpers);
        return [.. helpers.Take(most)];
    }

    /// <summary>What a member is told: what is said of itself, news, and some that it may not know.</summary>
    public List<MemberRumour> Tell(string listener, int bytes)
    {
        var told = new List<MemberRumour>();
        if (Find(listener) is { } member && (member.Doubt is not null || member.State is not MemberState.Alive))
        {
            told.Add(member.Doubt ?? member.Rumour);
            member.Doubt = null;
            bytes -= GossipMessage.SizeOf(told[^1]);
        }

        foreach (var address in _rumours.Take(
            address => GossipMessage.SizeOf(RumourOf(address)), bytes, GossipMessage.MaxRumours - 9, Times(LiveCount)))
        {
            told.Add(RumourOf(address));
            bytes -= GossipMessage.SizeOf(told[^1]);
        }

        var others = Live.Where(one => one.HasSpoken).ToList();
        draw.Shuffle(others);
        foreach (var other in others.Take(8).Where(other => told.TrueForAll(
            one => !string.Equals(one.Address, other.Address, StringComparison.Ordinal))))
        {
            if (GossipMessage.SizeOf(other.Rumour) <= bytes)
            {
                told.Add(other.Rumour);
                bytes -= GossipMessage.SizeOf(other.Rumour);
            }
        }

        return told;
    }

    /// <summary>How often something is told so that with great probability all hear of it.</summary>
    public static int Times(int members) => 3 * (int)Math.Ceiling(Math.Log2(members + 2));

    private MemberRumour RumourOf(string address) => string.Equals(address, self, StringComparison.Ordinal)
        ? new MemberRumour(self, Incarnation, MemberState.Alive)
        : Find(address)?.Rumour ?? new MemberRumour(address, 0, MemberState.Dead);

    // Who is thought to be gone says that it is there, later than whoever said otherwise.
    private void Contradict(MemberRumour rumour)
    {
        if (rumour.State is not MemberState.Alive
            && rumour.Incarnation >= Incarnation
            && rumour.Incarnation - Incarnation <= MaxLeap
            && rumour.Incarnation < GossipMessage.MaxIncarnation)
        {
            Incarnation = rumour.Incarnation + 1;
            _rumours.Add(self);
        }
    }

    private void Turn(Member member, MemberState state, DateTimeOffset now)
    {
        if (state != member.State && MemberState.Dead == (state > member.State ? state : member.State)
            && _changes.Count < MaxChanges)
        {
            _changes.Add(new MemberStatus(member.Address, state));
        }

        member.SuspectedAt = state is MemberState.Suspect && member.State is not MemberState.Suspect
            ? now
            : member.SuspectedAt;
        member.State = state;
    }

    private Member Add(string address, long incarnation)
    {
        var member = new Member(address, isSeed: false) { Incarnation = incarnation };
        _known.Add(address, member);
        _rumours.Add(address);
        return member;
    }

    // Hearsay takes what is free. Who speaks takes the place of hearsay, or of one in reserve.
    private bool HasRoom(bool hasSpoken)
    {
        if (_known.Values.Count(member => !member.IsSeed && member.State is not MemberState.Dead) < MaxLive)
        {
            return true;
        }

        return hasSpoken
            && (Drop(member => !member.HasSpoken && member.State is not MemberState.Dead)
                || Drop(member => member.State is not MemberState.Dead && !_active.Contains(member.Address)));
    }

    private void Forget(Func<Member, bool> which, int most)
    {
        for (var more = _known.Values.Count(member => !member.IsSeed && which(member)) - most; more > 0; more--)
        {
            Drop(which);
        }
    }

    private bool Drop(Func<Member, bool> which)
    {
        if (Any(member => !member.IsSeed && which(member)) is not { } dropped)
        {
            return false;
        }

        _rumours.Remove(dropped.Address);
        return _known.Remove(dropped.Address);
    }

    private List<string> Active()
    {
        _active.RemoveAll(address => Find(address) is not { State: not MemberState.Dead });
        while (_active.Count < ActiveMembers
            && Any(member => member.State is not MemberState.Dead && !_active.Contains(member.Address)) is { } next)
        {
            _active.Add(next.Address);
        }

        return _active;
    }

    private Member? Any(Func<Member, bool> which) => draw.One(_known.Values.Where(which).ToList());
}
