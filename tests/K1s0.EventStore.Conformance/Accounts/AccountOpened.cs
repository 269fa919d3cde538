namespace K1s0.EventStore.Conformance.Accounts;

/// <summary>An account is there.</summary>
public sealed record AccountOpened(string Owner) : IAccountEvent;
