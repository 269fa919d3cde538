namespace K1s0.EventStore.Sync;

/// <summary>A law that a merge broke.</summary>
/// <param name="Law">The law.</param>
/// <param name="Counterexample">The states that broke it, in the words of their <c>ToString</c>.</param>
public sealed record MergeLawViolation(MergeLaw Law, string Counterexample);
