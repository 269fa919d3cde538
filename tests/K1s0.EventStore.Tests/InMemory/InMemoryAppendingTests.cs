using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Tests;

// snippet: conformance-suite
public sealed class InMemoryAppendingTests : AppendingSuite
{
    protected override Task<IConformanceStore> CreateStoreAsync(EventStoreOptions options, TimeProvider timeProvider) =>
        InMemoryConformanceStore.CreateAsync(options, timeProvider);
}

// end-snippet
