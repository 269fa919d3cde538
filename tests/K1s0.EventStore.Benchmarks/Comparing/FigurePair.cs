namespace K1s0.EventStore.Benchmarks.Comparing;

/// <summary>What one repetition gave for one row.</summary>
internal readonly record struct FigurePair(double Ours, double Plain);
