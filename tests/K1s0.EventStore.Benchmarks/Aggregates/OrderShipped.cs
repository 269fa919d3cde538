namespace K1s0.EventStore.Benchmarks.Aggregates;

internal sealed class OrderShipped : OrderHappened;
