namespace K1s0.EventStore.Sync;

/// <summary>What is thought of a member of the group. The numbers are part of the protocol.</summary>
public enum MemberState
{
    /// <summary>It answers, or nobody has said otherwise.</summary>
    Alive,

    /// <summary>It did not answer, neither here nor through others; it has some time to say that it is there.</summary>
    Suspect,

    /// <summary>It has not said anything for that time.</summary>
    Dead,
}
