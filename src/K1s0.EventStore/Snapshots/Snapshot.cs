namespace K1s0.EventStore;

/// <summary>The state of an aggregate at a version: only ever a cache, the events are the truth.</summary>
/// <typeparam name="TState">The type of the state.</typeparam>
/// <param name="StreamId">The aggregate's stream.</param>
/// <param name="Version">The version of the last event that the state contains.</param>
/// <param name="State">The state; a copy of its own for each load.</param>
/// <param name="TakenAt">When it was saved, by the store's time.</param>
public sealed record Snapshot<TState>(StreamId StreamId, long Version, TState State, DateTimeOffset TakenAt)
{
    /// <summary>The name that the state is kept under; empty for none.</summary>
    public string StateName { get; init; } = string.Empty;

    /// <summary>
    /// The version of the fold that the state is the result of, where it was kept in a <see cref="SnapshotFrame"/>: a
    /// state of another version than the program's own is not to be used. Null when nothing says.
    /// </summary>
    public int? StateVersion { get; init; }
}
