namespace K1s0.EventStore.Conformance.Accounts;

/// <summary>What can be asked of an account: to open it, or to move an amount in (above 0) or out (below).</summary>
public sealed record AccountCommand(string? Open = null, long Move = 0);
