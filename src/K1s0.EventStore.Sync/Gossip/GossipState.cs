namespace K1s0.EventStore.Sync;

/// <summary>
/// Gossip of one node, without the connections: it is told what happened and says what to do. It reads no clock, does
/// no input or output, and says the same for the same inputs and the same chance.
/// </summary>
/// <remarks>
/// In each interval one member is called: that is the probe of a failure detector, and carries rumours of members and
/// news of logs in both directions. A member that does not answer is probed by three others before it is suspected. Who
/// finds that the other holds something else asks for a session, in the same exchange, and gets it as long as the other
/// has some to grant. Not safe for several threads.
/// </remarks>
internal sealed class GossipState
{
    private const int Helpers = 3;
    private const int MaxProbed = 16;
    private const int MaxRelays = 16;
    private const int MostDoublings = 6;
    private const int OverheadBytes = 48;

    private readonly GossipOptions _options;
    private readonly Draw _draw;
    private readonly GossipHeads _heads = new();
    private readonly TokenBucket _grants;

    // Members that did not answer, and until when others may reach them.
    private readonly Dictionary<string, DateTimeOffset> _probed = new(StringComparer.Ordinal);

    // Members that are probed for others, and for whom.
    private readonly Dictionary<string, HashSet<string>> _relays = new(StringComparer.Ordinal);
    private readonly HashSet<string> _called = new(StringComparer.Ordinal);
    private readonly HashSet<string> _synchronising = new(StringComparer.Ordinal);
    private readonly List<GossipAction> _toDo = [];
    private long _ticks;

    public GossipState(GossipOptions options, Func<double> draw)
    {
        (_options, _draw, _grants) = (options, new Draw(draw), new TokenBucket(options.GrantsPerSecond));
        Members = new GossipMembers(options.Address, options.Seeds, _draw);
    }

    public GossipMembers Members { get; }

    /// <summary>An interval has passed.</summary>
    public IReadOnlyList<GossipAction> Tick(DateTimeOffset now, VectorClock clock)
    {
        _heads.Look(clock);
        foreach (var (address, until) in _probed.Where(probe => probe.Value <= now).ToList())
        {
            _probed.Remove(address);
            if (Members.Find(address) is { } member)
            {
                Members.Suspect(member, now);
            }
        }

        Members.GiveUp(Patience, now);
        var due = Members.Live.Where(member => member.CallAt <= now).MinBy(member => member.CallAt);
        var isForNews = due is not null && _ticks % 2 == 0;
        if ((isForNews ? due : Members.Next(_ticks) ?? due) is { } next)
        {
            Call(next.Address);
        }

        _ticks++;

        return TakeToDo();
    }

    /// <summary>What a member that was reached is asked.</summary>
    public GossipMessage Ask(GossipAction.Call call, GossipView view, DateTimeOffset now) =>
        Message(call.Address, view) with
        {
            Session = MayBegin(call.Address, now),
            Probe = call.Probe,
            Reached = call.Reached,
        };

    /// <summary>Answers a member that has called.</summary>
    public GossipMessage Answer(GossipMessage asked, GossipView view, DateTimeOffset now)
    {
        var teller = Take(asked, view, now);
        if (Members.Find(asked.Probe) is { } probed && asked.Address.Length > 0)
        {
            Relay(probed.Address, asked.Address);
        }

        // Who asked begins the session; who could not be let may be called when there is room again.
        var differs = Differs(asked, view);
        var isGranted = asked.Session && differs && _grants.TryTake(now);
        if (teller is not null && !isGranted && HasNews(asked, view))
        {
            Remind(teller, now);
        }

        return Message(asked.Address, view) with { Session = isGranted };
    }

    /// <summary>A member that was called has answered; null when it takes no part.</summary>
    public IReadOnlyList<GossipAction> Answered(
        GossipAction.Call call, GossipMessage? answer, GossipView view, DateTimeOffset now)
    {
        Ended(call.Address);
        var member = Members.Spoke(call.Address, answer?.Incarnation ?? 0, now);
        if (_relays.Remove(call.Address, out var askers))
        {
            foreach (var asker in askers.Where(asker => Members.Find(asker) is not null))
            {
                Call(asker, reached: call.Address);
            }
        }

        if (answer is not null && member is not null)
        {
            member.CallAt = null;
            Take(answer with { Address = call.Address }, view, now);
            if (answer.Session && MayBegin(call.Address, now))
            {
                _synchronising.Add(call.Address);
                _toDo.Add(new GossipAction.Synchronise(call.Address));
            }
            else if (HasNews(answer, view))
            {
                Remind(member, now);
            }
        }

        return TakeToDo();
    }

    /// <summary>A member that was called did not answer.</summary>
    public IReadOnlyList<GossipAction> Failed(GossipAction.Call call, DateTimeOffset now)
    {
        Ended(call.Address);
        _relays.Remove(call.Address);
        if (Members.Find(call.Address) is not { } member)
        {
            return TakeToDo();
        }

        member.CallAt = null;
        if (member.State is MemberState.Alive && !_probed.ContainsKey(member.Address))
        {
            var helpers = Members.Helpers(member, Helpers);
            if (helpers.Count == 0 || _probed.Count >= MaxProbed)
            {
                Members.Suspect(member, now);
            }
            else
            {
                _probed.Add(member.Address, now + (2 * (_options.Interval + _options.Timeout)));
                helpers.ForEach(helper => Call(helper.Address, probe: member.Address));
            }
        }

        return TakeToDo();
    }

    /// <summary>A session that gossip had begun has ended.</summary>
    /// <param name="address">With whom.</param>
    /// <param name="hasMoved">Whether events moved.</param>
    /// <param name="isInSync">Whether both had come to hold the same before.</param>
    /// <param name="now">When.</param>
    public void SessionEnded(string address, bool hasMoved, bool isInSync, DateTimeOffset now)
    {
        _synchronising.Remove(address);
        if (Members.Find(address) is { } member)
        {
            // Who says that he has something else, and has not, is asked more and more rarely.
            var most = isInSync ? 2 : MostDoublings;
            member.FruitlessSessions = hasMoved ? 0 : Math.Min(member.FruitlessSessions + 1, most);
            member.NotBefore = hasMoved ? now : now + (_options.Interval * Math.Pow(2, member.FruitlessSessions));
        }
    }

    private TimeSpan Patience =>
        _options.Interval * Math.Clamp(GossipMembers.Times(Members.LiveCount), 5, 30);

    private static bool Differs(GossipMessage told, GossipView view) =>
        HasNews(told, view) || (told.Digest is { } theirs && view.Digest is { } ours && theirs != ours);

    private static bool HasNews(GossipMessage told, GossipView view)
    {
        foreach (var head in told.Heads)
        {
            if (!view.Clock.Covers(head.Last))
            {
                return true;
            }
        }

        return false;
    }

    private bool MayBegin(string address, DateTimeOffset now) =>
        _synchronising.Count < _options.MaxSessions
        && !_synchronising.Contains(address)
        && (Members.Find(address) is not { } member || member.NotBefore <= now);

    // The member that told it; null when it cannot be called.
    private Member? Take(GossipMessage told, GossipView view, DateTimeOffset now)
    {
        _heads.Look(view.Clock);
        var teller = Members.Spoke(told.Address, told.Incarnation, now);
        foreach (var rumour in told.Rumours)
        {
            Members.Hear(rumour, now);
        }

        if (_probed.Remove(told.Reached) && Members.Find(told.Reached) is { } reached)
        {
            Members.Spoke(reached.Address, reached.Incarnation, now);
        }

        return teller;
    }

    private GossipMessage Message(string listener, GossipView view)
    {
        var own = System.Text.Encoding.UTF8.GetByteCount(_options.Address);
        var left = GossipMessage.MaxBytes - OverheadBytes - own - (2 * GossipOptions.MaxAddressBytes);
        var rumours = Members.Tell(listener, left / 2);
        left -= rumours.Sum(GossipMessage.SizeOf);
        return new GossipMessage
        {
            Digest = view.Digest,
            Address = _options.Address,
            Incarnation = Members.Incarnation,
            Rumours = rumours,
            Heads = _heads.Tell(view, left, GossipMembers.Times(Members.LiveCount)),
        };
    }

    // At another time than others that heard the same.
    private void Remind(Member member, DateTimeOffset now) =>
        member.CallAt ??= (now > member.NotBefore ? now : member.NotBefore) + (_options.Interval * (2 * _draw.Next()));

    private void Relay(string probed, string asker)
    {
        if (_relays.TryGetValue(probed, out var askers))
        {
            if (askers.Count < MaxRelays)
            {
                askers.Add(asker);
            }
        }
        else if (_relays.Count < MaxRelays)
        {
            // Where a call is under way already, its end is told.
            _relays.Add(probed, [asker]);
            Call(probed);
        }
    }

    // One call at a time to each.
    private void Call(string address, string probe = "", string reached = "")
    {
        if (_called.Add(address))
        {
            _toDo.Add(new GossipAction.Call(address, probe, reached));
        }
    }

    private void Ended(string address) => _called.Remove(address);

    private GossipAction[] TakeToDo()
    {
        GossipAction[] taken = [.. _toDo];
        _toDo.Clear();
        return taken;
    }
}
