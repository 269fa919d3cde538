namespace K1s0.EventStore.Benchmarks.Comparing;

/// <summary>One row of the table.</summary>
/// <param name="Name">Its name; fixed, scripts rely on it.</param>
/// <param name="Unit">What both sides are measured in.</param>
/// <param name="Goal">What it is held to; null for nothing.</param>
/// <param name="IsTime">A time: less is better, so the ratio is plain to ours.</param>
internal sealed record Figure(string Name, string Unit, Goal? Goal, bool IsTime = false);
