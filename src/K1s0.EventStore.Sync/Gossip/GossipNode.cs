namespace K1s0.EventStore.Sync;

/// <summary>Gossip of one node, safe for several threads. Never asks the replica while it holds its lock.</summary>
internal sealed class GossipNode(GossipOptions options, TimeProvider time, Func<double> draw)
{
    private readonly Lock _lock = new();

    // Guarded by the lock.
    private readonly GossipState _state = new(options, draw);

    public GossipOptions Options => options;

    /// <summary>The members that are known, by address.</summary>
    public IReadOnlyList<MemberStatus> Members
    {
        get
        {
            lock (_lock)
            {
                return
                [
                    .. _state.Members.All.Select(member => new MemberStatus(member.Address, member.State))
                        .OrderBy(member => member.Address, StringComparer.Ordinal),
                ];
            }
        }
    }

    public IReadOnlyList<GossipAction> Tick(VectorClock clock)
    {
        lock (_lock)
        {
            return _state.Tick(time.GetUtcNow(), clock);
        }
    }

    public byte[] Ask(GossipAction.Call call, GossipView view)
    {
        lock (_lock)
        {
            return _state.Ask(call, view, time.GetUtcNow()).ToFrame(FrameType.Gossip);
        }
    }

    public byte[] Answer(GossipMessage asked, GossipView view)
    {
        lock (_lock)
        {
            return _state.Answer(asked, view, time.GetUtcNow()).ToFrame(FrameType.GossipAnswer);
        }
    }

    public IReadOnlyList<GossipAction> Answered(GossipAction.Call call, GossipMessage? answer, GossipView view)
    {
        lock (_lock)
        {
            return _state.Answered(call, answer, view, time.GetUtcNow());
        }
    }

    public IReadOnlyList<GossipAction> Failed(GossipAction.Call call)
    {
        lock (_lock)
        {
            return _state.Failed(call, time.GetUtcNow());
        }
    }

    /// <summary>What is known of a member for a session with it.</summary>
    public (VectorClock? Checkpoint, LinkMeter Link) Known(string address)
    {
        lock (_lock)
        {
            return _state.Members.Find(address) is { } member
                ? (member.Checkpoint, member.Link)
                : (null, new LinkMeter());
        }
    }

    /// <summary>A session has ended; null when it failed.</summary>
    public void SessionEnded(string address, SyncReport? report)
    {
        lock (_lock)
        {
            if (_state.Members.Find(address) is { } member)
            {
                member.Checkpoint = report?.Checkpoint;
                member.Link.Ended(report is not null);
            }

            _state.SessionEnded(
                address,
                report is not null && report.EventsSent + report.EventsReceived > 0,
                report is { Mode: SyncMode.InSync },
                time.GetUtcNow());
        }
    }

    public IReadOnlyList<MemberStatus> TakeChanges()
    {
        lock (_lock)
        {
            return _state.Members.TakeChanges();
        }
    }
}
