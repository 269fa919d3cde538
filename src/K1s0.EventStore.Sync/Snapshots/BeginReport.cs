namespace K1s0.EventStore.Sync.Snapshots;

/// <summary>What <see cref="NodeSnapshots.BeginFromAsync"/> did.</summary>
/// <param name="End">What came of it.</param>
public sealed record BeginReport(BeginEnd End)
{
    /// <summary>The log because of which nothing was begun; null where it is none.</summary>
    public Origin? Because { get; init; }

    /// <summary>The ends behind which logs begin now that were shorter before, by origin.</summary>
    public IReadOnlyList<Dot> Begun { get; init; } = [];

    /// <summary>
    /// Of those the ones of which something was here, each with its last event: that is no part of the history any
    /// more. An event store keeps it; whether it is of the same branch as the snapshot, nobody has compared.
    /// </summary>
    public IReadOnlyList<Dot> LeftAside { get; init; } = [];
}
