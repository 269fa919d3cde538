using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Tests;

public sealed class InMemoryCompletenessTests
{
    // snippet: conformance-completeness
    [Fact]
    [Trait("Row", "K07")]
    public void The_in_memory_store_runs_every_conformance_suite() =>
        ConformanceCompleteness.Check(typeof(InMemoryCompletenessTests).Assembly);

    // end-snippet
}
