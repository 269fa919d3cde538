namespace K1s0.EventStore;

/// <summary>
/// Where a run of leaves begins whose events have consecutive positions: within it, index and position grow together.
/// A log without gaps in its positions is one run.
/// </summary>
/// <param name="FirstIndex">The index of the first leaf.</param>
/// <param name="FirstPosition">The position of its event.</param>
public readonly record struct LeafRun(long FirstIndex, Position FirstPosition);
