using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sqlite.Tests.Conformance;

public sealed class SqliteCompletenessTests
{
    [Fact]
    [Trait("Row", "K07")]
    public void The_SQLite_store_runs_every_conformance_suite() =>
        ConformanceCompleteness.Check(typeof(SqliteCompletenessTests).Assembly);
}
