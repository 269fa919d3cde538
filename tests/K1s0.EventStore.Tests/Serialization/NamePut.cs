namespace K1s0.EventStore.Tests.Serialization;

internal sealed record NamePut(string Name);
