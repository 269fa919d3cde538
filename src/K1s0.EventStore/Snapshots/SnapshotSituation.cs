namespace K1s0.EventStore;

/// <summary>How far a stream is ahead of its latest snapshot, or of its beginning when there is none.</summary>
/// <param name="EventsBehind">The events that no snapshot holds.</param>
/// <param name="AgeBehind">The age of the oldest one of them.</param>
/// <param name="LoadDuration">How long loading them takes, as measured.</param>
public sealed record SnapshotSituation(long EventsBehind, TimeSpan AgeBehind, TimeSpan LoadDuration);
