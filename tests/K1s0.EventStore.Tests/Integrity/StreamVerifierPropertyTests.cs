using FsCheck;
using FsCheck.Fluent;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

public sealed class StreamVerifierPropertyTests
{
    [Fact]
    [Trait("Row", "L03")]
    public void Any_single_mutation_of_a_valid_stream_is_found_at_its_first_bad_version()
    {
        var mutations =
            from count in Gen.Choose(1, 8)
            from kind in Gen.Choose(0, StreamMutation.Kinds - 1)
            from index in Gen.Choose(0, 1_000)
            from chance in Gen.Choose(0, 100_000)
            select (count, mutation: new StreamMutation(kind, index, chance));

        Prop.ForAll(
            mutations.ToArbitrary(),
            drawn =>
            {
                var valid = StoredStream.Of(drawn.count);
                return drawn.mutation.Apply(valid) is not { } mutated
                    || StreamVerifier.Verify(StoredStream.Id, mutated.Events, StoredStream.HeadOf(valid))
                        .Finding?.Version.Value == mutated.FirstBad;
            })
            .Check(Seeded(2_000));
    }

    [Fact]
    public void A_stream_that_nobody_touched_is_valid_against_every_head_it_ever_had()
    {
        var lengths = from count in Gen.Choose(0, 12) from head in Gen.Choose(0, count) select (count, head);

        Prop.ForAll(
            lengths.ToArbitrary(),
            drawn =>
            {
                var events = StoredStream.Of(drawn.count);
                var remembered = StoredStream.HeadOf(events[..drawn.head]);
                return StreamVerifier.Verify(StoredStream.Id, events, remembered).IsValid;
            })
            .Check(Seeded(200));
    }

    // The seed is printed by SeededRandom, whatever FsCheck says.
    private static Config Seeded(int tests) => Config.QuickThrowOnFailure
        .WithMaxTest(tests)
        .WithReplay((ulong)SeededRandom.Create().Next(), 1);
}
