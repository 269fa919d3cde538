using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Postgres.Tests.Conformance;

public sealed class PostgresCompletenessTests
{
    [Fact]
    [Trait("Row", "K07")]
    public void Every_suite_runs_on_PostgreSQL() =>
        ConformanceCompleteness.Check(
            typeof(PostgresCompletenessTests).Assembly, type => type.Name.StartsWith("Postgres", StringComparison.Ordinal));
}
