namespace K1s0.EventStore.Sync.Tests;

/// <summary>The law kit finds each broken law, and none where all hold.</summary>
public sealed class MergeLawsTests
{
    [Fact]
    public void A_merge_that_keeps_the_laws_passes() =>
        MergeLaws.Check(new Shop.HighestBid(), random => random.Next(10), seed: 1).Should().BeEmpty();

    [Theory]
    [InlineData(MergeLaw.Commutative, 0)]
    [InlineData(MergeLaw.Associative, 1)]
    [InlineData(MergeLaw.Idempotent, 2)]
    [InlineData(MergeLaw.Deterministic, 3)]
    public void A_broken_law_is_named_with_a_counterexample(MergeLaw law, int kind)
    {
        var calls = 0;
        Func<int, int, int> broken = kind switch
        {
            0 => (left, _) => left,
            1 => (left, right) => (left + right) / 2,
            2 => (left, right) => left + right,
            _ => (left, right) => Math.Max(left, right) + (++calls % 2),
        };

        MergeLaws.Check(new Merge(broken), random => random.Next(10), seed: 1)
            .Should().Contain(violation => violation.Law == law && violation.Counterexample.Contains("seed 1"));
    }

    [Fact]
    public void The_same_seed_finds_the_same() =>
        MergeLaws.Check(new Merge((left, _) => left), random => random.Next(10), seed: 7)
            .Should().Equal(MergeLaws.Check(new Merge((left, _) => left), random => random.Next(10), seed: 7));

    private sealed class Merge(Func<int, int, int> merge) : IStateMerge<int>
    {
        public int Read(EventEnvelope envelope) => 0;

        int IStateMerge<int>.Merge(int left, int right) => merge(left, right);
    }
}
