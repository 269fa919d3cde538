namespace K1s0.EventStore.Sync;

/// <summary>A member as one node knows it.</summary>
internal sealed class Member(string address, bool isSeed)
{
    public string Address => address;

    /// <summary>Never forgotten.</summary>
    public bool IsSeed => isSeed;

    public long Incarnation { get; set; }

    public MemberState State { get; set; }

    /// <summary>Since when it is suspected, while it is.</summary>
    public DateTimeOffset SuspectedAt { get; set; }

    /// <summary>Whether it has spoken with this node; the others are hearsay.</summary>
    public bool HasSpoken { get; set; }

    /// <summary>Sessions with it that moved nothing, in a row.</summary>
    public int FruitlessSessions { get; set; }

    /// <summary>When a session with it may be wanted again.</summary>
    public DateTimeOffset NotBefore { get; set; }

    /// <summary>When it is to be called because it may have news; null when it need not.</summary>
    public DateTimeOffset? CallAt { get; set; }

    /// <summary>What was thought of it when it spoke, so that it learns of it and can contradict.</summary>
    public MemberRumour? Doubt { get; set; }

    /// <summary>What both held after the last session with it.</summary>
    public VectorClock? Checkpoint { get; set; }

    /// <summary>Measures the link to it.</summary>
    public LinkMeter Link { get; } = new();

    public MemberRumour Rumour => new(address, Incarnation, State);
}
