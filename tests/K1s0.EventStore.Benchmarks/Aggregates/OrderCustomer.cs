namespace K1s0.EventStore.Benchmarks.Aggregates;

internal sealed record OrderCustomer(long Id, string City, bool Newsletter);
