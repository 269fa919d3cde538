namespace K1s0.EventStore.Samples.Quickstart.Domain;

internal enum OrderStatus
{
    Placed,
    Shipped,
}
