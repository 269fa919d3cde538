namespace K1s0.EventStore.Conformance.Accounts;

/// <summary>The domain refuses a command.</summary>
public sealed class OverdrawnException() : Exception("There is not enough money.");
