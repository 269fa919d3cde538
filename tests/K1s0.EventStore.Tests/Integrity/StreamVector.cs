namespace K1s0.EventStore.Tests;

internal sealed record StreamVector(
    string Name, string AggregateType, string AggregateId, string Tag, string Root, IReadOnlyList<EventVector> Events);
