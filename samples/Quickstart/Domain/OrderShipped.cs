namespace K1s0.EventStore.Samples.Quickstart.Domain;

internal sealed record OrderShipped(string Carrier) : IOrderEvent;
