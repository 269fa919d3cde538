namespace K1s0.EventStore.Samples.Quickstart.Domain;

internal sealed record ItemAdded(string Article, int Quantity, decimal UnitPrice) : IOrderEvent;
