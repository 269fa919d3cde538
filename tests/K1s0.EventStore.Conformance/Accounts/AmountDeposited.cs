namespace K1s0.EventStore.Conformance.Accounts;

/// <summary>Money came in.</summary>
public sealed record AmountDeposited(long Amount) : IAccountEvent;
