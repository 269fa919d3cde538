namespace K1s0.EventStore.Conformance.Accounts;

/// <summary>Money went out.</summary>
public sealed record AmountWithdrawn(long Amount) : IAccountEvent;
