namespace K1s0.EventStore.Contract.Tests;

public sealed record OrderState(decimal Total, bool IsShipped);
