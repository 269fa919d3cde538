namespace K1s0.EventStore.Samples.Projections.Domain;

/// <summary>Money left an account.</summary>
internal sealed record Withdrawn(long Cents);
