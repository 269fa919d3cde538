namespace K1s0.EventStore.TrimmedSmoke;

internal sealed record OrderState(string Customer, decimal Paid);
