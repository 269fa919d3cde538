namespace K1s0.EventStore.Sync;

/// <summary>A member of the group, as this node sees it.</summary>
/// <param name="Address">Where it is reached.</param>
/// <param name="State">Whether it answers.</param>
public sealed record MemberStatus(string Address, MemberState State);
