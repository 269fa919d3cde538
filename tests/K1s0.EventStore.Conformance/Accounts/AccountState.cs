namespace K1s0.EventStore.Conformance.Accounts;

/// <summary>What the events of an account add up to. Never changes.</summary>
public sealed record AccountState(string? Owner, long Balance, int Movements)
{
    public static AccountState None { get; } = new(null, 0, 0);
}
