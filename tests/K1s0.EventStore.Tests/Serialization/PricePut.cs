namespace K1s0.EventStore.Tests.Serialization;

internal sealed record PricePut(decimal Amount, string Currency);
