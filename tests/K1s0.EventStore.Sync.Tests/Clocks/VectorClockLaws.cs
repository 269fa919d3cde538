using FsCheck;
using FsCheck.Fluent;

namespace K1s0.EventStore.Sync.Tests;

public sealed class VectorClockLaws
{
    private static readonly Arbitrary<(VectorClock A, VectorClock B, VectorClock C)> Triples = (
        from a in Some.Clocks() from b in Some.Clocks() from c in Some.Clocks() select (a, b, c)).ToArbitrary();

    [Fact]
    public void Merging_is_commutative_associative_and_idempotent() =>
        Check(drawn =>
            drawn.A.Merge(drawn.B).Equals(drawn.B.Merge(drawn.A))
            && drawn.A.Merge(drawn.B).Merge(drawn.C).Equals(drawn.A.Merge(drawn.B.Merge(drawn.C)))
            && drawn.A.Merge(drawn.A).Equals(drawn.A)
            && drawn.A.Merge(VectorClock.Empty).Equals(drawn.A));

    [Fact]
    public void A_merge_is_the_least_clock_that_knows_both() =>
        Check(drawn =>
        {
            var merged = drawn.A.Merge(drawn.B);
            return merged.Covers(drawn.A) && merged.Covers(drawn.B)
                && (!(drawn.C.Covers(drawn.A) && drawn.C.Covers(drawn.B)) || drawn.C.Covers(merged));
        });

    [Fact]
    public void Comparing_says_what_comparing_entry_by_entry_says() =>
        Check(drawn =>
        {
            var origins = Dots(drawn.A).Concat(Dots(drawn.B)).Select(dot => dot.Origin).Distinct().ToArray();
            var isAhead = origins.Any(origin => drawn.A[origin] > drawn.B[origin]);
            var isBehind = origins.Any(origin => drawn.A[origin] < drawn.B[origin]);
            return drawn.A.Compare(drawn.B) == ((isAhead, isBehind) switch
            {
                (false, false) => CausalRelation.Equal,
                (true, false) => CausalRelation.After,
                (false, true) => CausalRelation.Before,
                _ => CausalRelation.Concurrent,
            });
        });

    [Fact]
    public void Before_is_a_partial_order() =>
        Check(drawn =>
            (drawn.A.Compare(drawn.B) is CausalRelation.Before) == (drawn.B.Compare(drawn.A) is CausalRelation.After)
            && (drawn.A.Compare(drawn.B) is CausalRelation.Equal) == drawn.A.Equals(drawn.B)
            && (!(IsBefore(drawn.A, drawn.B) && IsBefore(drawn.B, drawn.C)) || IsBefore(drawn.A, drawn.C)));

    [Fact]
    public void An_increment_comes_right_after() =>
        Check(drawn =>
        {
            var origin = Some.Origin(3);
            var next = drawn.A.Increment(origin);
            return IsBefore(drawn.A, next) && next[origin] == drawn.A[origin] + 1;
        });

    [Fact]
    public void Equal_clocks_have_equal_bytes_and_the_bytes_give_the_clock_back() =>
        Check(drawn =>
            VectorClock.Decode(drawn.A.ToArray()).Equals(drawn.A)
            && drawn.A.ToArray().SequenceEqual(drawn.B.ToArray()) == drawn.A.Equals(drawn.B)
            && (!drawn.A.Equals(drawn.B) || drawn.A.GetHashCode() == drawn.B.GetHashCode()));

    private static bool IsBefore(VectorClock left, VectorClock right) => left.Compare(right) is CausalRelation.Before;

    private static Dot[] Dots(VectorClock clock) => clock.Entries.ToArray();

    private static void Check(Func<(VectorClock A, VectorClock B, VectorClock C), bool> law) =>
        Prop.ForAll(Triples, law).Check(Laws.Seeded(1_000));
}
