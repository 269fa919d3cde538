using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Tests;

public sealed class ConformanceCompletenessTests
{
    [Fact]
    [Trait("Row", "K07")]
    public void A_suite_that_is_not_derived_is_named()
    {
        var assembly = typeof(ConformanceCompletenessTests).Assembly;

        var forgotten = ConformanceCompleteness.ForgottenSuites(
            assembly, type => type != typeof(InMemoryCheckpointTests));

        forgotten.Should().Equal(nameof(CheckpointSuite));
        ConformanceCompleteness.ForgottenSuites(assembly).Should().BeEmpty();
        ConformanceCompleteness.ForgottenSuites(assembly, _ => false)
            .Should().Equal(ConformanceCompleteness.Suites().Select(suite => suite.Name));
    }

    [Fact]
    public void Every_suite_of_the_library_holds_tests_and_is_found()
    {
        var suites = ConformanceCompleteness.Suites();

        suites.Should().HaveCountGreaterThanOrEqualTo(19).And.OnlyContain(
            suite => suite.GetMethods().Any(method => method.IsDefined(typeof(FactAttribute), true)));
        suites.Should().OnlyContain(suite => suite.Name.EndsWith("Suite", StringComparison.Ordinal));
    }
}
