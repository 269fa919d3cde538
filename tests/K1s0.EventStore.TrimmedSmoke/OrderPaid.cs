namespace K1s0.EventStore.TrimmedSmoke;

internal sealed record OrderPaid(decimal Amount);
