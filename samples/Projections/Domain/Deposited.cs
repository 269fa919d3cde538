namespace K1s0.EventStore.Samples.Projections.Domain;

/// <summary>Money came to an account.</summary>
internal sealed record Deposited(long Cents);
