namespace K1s0.EventStore.Conformance;

/// <summary>What handlers of tests fail with.</summary>
public sealed class HandlerBrokenException() : Exception("the handler is broken");
