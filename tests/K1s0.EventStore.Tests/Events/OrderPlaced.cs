namespace K1s0.EventStore.Tests;

internal sealed record OrderPlaced(string Customer, decimal Total);
