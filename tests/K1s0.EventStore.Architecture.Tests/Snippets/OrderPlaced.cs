namespace K1s0.EventStore.Architecture.Tests.Snippets;

internal sealed record OrderPlaced(string Customer, decimal Total);
