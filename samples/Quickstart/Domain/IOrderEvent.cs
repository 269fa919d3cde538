namespace K1s0.EventStore.Samples.Quickstart.Domain;

/// <summary>Something that happened to an order.</summary>
internal interface IOrderEvent;
