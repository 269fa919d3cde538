namespace K1s0.EventStore.Sync.Tests;

public sealed class VectorClockTests
{
    private static readonly Origin A = Some.Origin(1);
    private static readonly Origin B = Some.Origin(2);

    [Fact]
    public void A_clock_knows_what_was_incremented_and_nothing_else()
    {
        var clock = VectorClock.Empty.Increment(A).Increment(A).Increment(B);

        clock[A].Should().Be(2);
        clock[B].Should().Be(1);
        clock[Some.Origin(3)].Should().Be(0);
        clock.Entries.ToArray().Should().Equal(new Dot(A, 2), new Dot(B, 1));
        VectorClock.Empty.Count.Should().Be(0, "a clock does not change");
    }

    [Fact]
    [Trait("Row", "S02")]
    public void Two_clocks_that_each_know_something_are_concurrent_and_their_merge_knows_both()
    {
        var (left, right) = (VectorClock.Of(new Dot(A, 2), new Dot(B, 1)), VectorClock.Of(new Dot(A, 1), new Dot(B, 2)));

        left.Compare(right).Should().Be(CausalRelation.Concurrent);
        left.Merge(right).Should().Be(VectorClock.Of(new Dot(A, 2), new Dot(B, 2)));
        left.Compare(left.Merge(right)).Should().Be(CausalRelation.Before);
        left.Merge(right).Compare(right).Should().Be(CausalRelation.After);
        left.Compare(VectorClock.Of(new Dot(B, 1), new Dot(A, 2))).Should().Be(CausalRelation.Equal);
    }

    [Fact]
    public void The_highest_sequence_of_an_origin_counts() =>
        VectorClock.Of(new Dot(A, 1), new Dot(A, 3), new Dot(A, 2)).Should().Be(VectorClock.Of(new Dot(A, 3)));

    [Fact]
    public void Two_incarnations_of_a_replica_are_two_origins()
    {
        var clock = VectorClock.Of(new Dot(A, 5), new Dot(A with { Incarnation = 7 }, 1));

        clock[A].Should().Be(5);
        clock[A with { Incarnation = 7 }].Should().Be(1);
    }

    [Fact]
    public void A_sequence_below_1_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => VectorClock.Of(new Dot(A, 0)));
        Assert.Throws<ArgumentOutOfRangeException>(() => VectorClock.Empty.Observe(new Dot(A, -1)));
        Assert.Throws<OverflowException>(() => VectorClock.Of(new Dot(A, long.MaxValue)).Increment(A));
    }

    [Fact]
    public void A_clock_of_more_origins_than_allowed_is_refused()
    {
        var full = VectorClock.Of([.. Enumerable.Range(1, VectorClock.MaxEntries).Select(n => new Dot(Some.Origin(n), 1))]);

        full.Count.Should().Be(VectorClock.MaxEntries);
        Assert.Throws<ArgumentException>(() => full.Increment(Some.Origin(VectorClock.MaxEntries + 1)));
        VectorClock.Decode(full.ToArray()).Should().Be(full);
    }
}
