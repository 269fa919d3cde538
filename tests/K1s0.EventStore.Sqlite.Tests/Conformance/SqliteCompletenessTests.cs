using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sqlite.Tests.Conformance;

public sealed class SqliteCompletenessTests
{
    // What the store does not promise: leases, a sealed log and parked events are for several processes that work on one
    // store together; those use PostgreSQL.
    // snippet: conformance-completeness
    private static readonly string[] NotPromised =
    [
        nameof(LeaseSuite), nameof(LedgerSuite), nameof(ParkedEventSuite), nameof(SubscriptionOwnershipSuite),
    ];

    [Fact]
    [Trait("Row", "K07")]
    public void The_SQLite_store_runs_every_conformance_suite_of_what_it_promises() =>
        ConformanceCompleteness.ForgottenSuites(typeof(SqliteCompletenessTests).Assembly)
            .Should().BeEquivalentTo(NotPromised);

    // end-snippet
}
