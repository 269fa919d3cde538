namespace K1s0.EventStore.Samples.Ledger;

/// <summary>Money that came in.</summary>
internal sealed record Payment(int Amount, string Currency);
