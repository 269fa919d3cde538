namespace K1s0.EventStore.Sync;

/// <summary>Something that gossip wants done.</summary>
internal abstract record GossipAction
{
    private GossipAction()
    {
    }

    /// <summary>
    /// Call a member: send it what <see cref="GossipState.Ask"/> gives, and tell the answer, or that there was none.
    /// </summary>
    public sealed record Call(string Address, string Probe = "", string Reached = "") : GossipAction;

    /// <summary>Begin a session with a member that holds something else, and tell when it has ended.</summary>
    public sealed record Synchronise(string Address) : GossipAction;
}
