namespace K1s0.EventStore.Benchmarks.Aggregates;

internal sealed record OrderLine(int Article, int Quantity, int Cents);
