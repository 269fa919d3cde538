using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

public sealed class MerkleDiffTests(ITestOutputHelper output)
{
    private const int Seeds = 1_000;
    private const int SeedsPerSet = 50;

    [Fact]
    [Trait("Row", "S09")]
    public void Ten_scattered_items_of_ten_thousand_are_found_with_few_comparisons_and_bytes_whatever_the_seed()
    {
        var (random, mostCompared, mostBytes, mostRounds) = (SeededRandom.Create(), 0, 0L, 0);
        for (var seed = 0; seed < Seeds;)
        {
            var items = SomeItems.Many(random, 10_000);
            var whole = MerkleIndex.Build(items);
            for (var i = 0; i < SeedsPerSet; i++, seed++)
            {
                random.Shuffle(items);
                var missing = items[..10];
                var partial = whole.Change([], missing.Select(item => item.Key));

                var difference = MerkleDiff.Between(whole, partial);
                var bytes = difference.BytesSent + difference.BytesReceived;

                partial.Count.Should().Be(9_990);
                ShouldBe(difference.OnlyLocal, missing);
                difference.OnlyRemote.Should().BeEmpty();
                difference.IsComplete.Should().BeTrue();
                difference.NodesCompared.Should().BeLessThan(100);

                // What is transferred afterwards is part of the bargain: the keys and values that are missing.
                (bytes + missing.Sum(item => item.Key.Length + 32L)).Should().BeLessThan(10 * 1024);
                (mostCompared, mostBytes, mostRounds) = (
                    Math.Max(mostCompared, difference.NodesCompared),
                    Math.Max(mostBytes, bytes),
                    Math.Max(mostRounds, difference.Rounds));
            }
        }

        output.WriteLine($"at most {mostCompared} comparisons, {mostBytes} bytes, {mostRounds} rounds");
    }

    [Fact]
    [Trait("Row", "S09")]
    public void The_side_that_misses_the_items_gets_them_with_the_comparison()
    {
        var random = SeededRandom.Create();
        var items = SomeItems.Many(random, 10_000);

        var difference = MerkleDiff.Between(MerkleIndex.Build(items[10..]), MerkleIndex.Build(items));

        ShouldBe(difference.OnlyRemote, items[..10]);
        difference.OnlyLocal.Should().BeEmpty();
        (difference.BytesSent + difference.BytesReceived).Should().BeLessThan(10 * 1024);
        difference.NodesCompared.Should().BeLessThan(100);
    }

    [Fact]
    public void Whatever_two_sets_are_the_difference_is_exact()
    {
        var random = SeededRandom.Create();
        for (var i = 0; i < 300; i++)
        {
            var common = SomeItems.Many(random, random.Next(3) * random.Next(2_000));
            var (left, right) = (SomeItems.Many(random, Few(random)), SomeItems.Many(random, Few(random)));
            var old = common.Take(Few(random)).ToArray();
            var changed = old.Select(item => SomeItems.Changed(item, random)).ToArray();

            var difference = MerkleDiff.Between(
                MerkleIndex.Build([.. common, .. left]), MerkleIndex.Build([.. common[old.Length..], .. changed, .. right]));

            ShouldBe(difference.OnlyLocal, left.Concat(old));
            ShouldBe(difference.OnlyRemote, right.Concat(changed));
            difference.IsComplete.Should().BeTrue();
        }
    }

    [Fact]
    public void Equal_sets_take_one_comparison_and_one_round()
    {
        var items = SomeItems.Many(SeededRandom.Create(), 5_000);

        var difference = MerkleDiff.Between(MerkleIndex.Build(items), MerkleIndex.Build(items.Reverse()));

        (difference.NodesCompared, difference.Rounds).Should().Be((1, 1));
        difference.OnlyLocal.Concat(difference.OnlyRemote).Should().BeEmpty();
    }

    [Fact]
    public void An_empty_side_learns_everything_in_messages_of_bounded_size()
    {
        var items = SomeItems.Many(SeededRandom.Create(), 30_000);
        var (comparison, whole) = (new MerkleDiff(SomeItems.Empty), MerkleIndex.Build(items));
        while (comparison.NextRequest() is { } request)
        {
            var answer = MerkleDiff.Answer(whole, request);
            (request.Length, answer.Length).Should().Match<(int, int)>(sizes => sizes.Item1 <= 1 << 20 && sizes.Item2 <= 1 << 20);
            comparison.Accept(answer);
        }

        ShouldBe(comparison.Result.OnlyRemote, items);
        MerkleDiff.Between(whole, SomeItems.Empty).OnlyLocal.Should().HaveCount(items.Length);
    }

    [Fact]
    public void A_comparison_stops_at_its_limit_and_says_so()
    {
        var comparison = new MerkleDiff(SomeItems.Empty, maxDifferences: 1_000);
        var whole = MerkleIndex.Build(SomeItems.Many(SeededRandom.Create(), 200_000));
        while (comparison.NextRequest() is { } request)
        {
            comparison.Accept(MerkleDiff.Answer(whole, request));
        }

        comparison.Result.IsComplete.Should().BeFalse();
        comparison.Result.OnlyRemote.Count.Should().BeInRange(1_000, 100_000);
    }

    [Fact]
    public void An_index_that_was_changed_equals_one_that_was_built()
    {
        var random = SeededRandom.Create();
        var items = SomeItems.Many(random, 500);
        var replaced = items[..20].Select(item => SomeItems.Changed(item, random)).ToArray();
        var added = SomeItems.Many(random, 30);

        var changed = MerkleIndex.Build(items).Change([.. replaced, .. added], items[20..60].Select(item => item.Key));

        var difference = MerkleDiff.Between(changed, MerkleIndex.Build([.. items[60..], .. replaced, .. added]));
        (difference.NodesCompared, changed.Count).Should().Be((1, 490));
    }

    [Fact]
    public void Another_salt_gives_other_fingerprints_and_a_key_stands_in_an_index_once()
    {
        var items = SomeItems.Many(SeededRandom.Create(), 3);

        MerkleDiff.Between(MerkleIndex.Build(items, "a"u8), MerkleIndex.Build(items, "a"u8)).NodesCompared.Should().Be(1);
        Assert.Throws<ArgumentException>(() => MerkleIndex.Build([items[0], SomeItems.Changed(items[0], new Random(1))]));
        Assert.Throws<ArgumentException>(() => MerkleIndex.Build(items, new byte[65]));
        Assert.Throws<ArgumentException>(() => new MerkleItem(default, default));
        Assert.Throws<ArgumentException>(() => new MerkleItem(new byte[1_025], default));
    }

    [Fact]
    public void Requests_and_answers_are_taken_in_turn()
    {
        var comparison = new MerkleDiff(SomeItems.Empty);

        Assert.Throws<InvalidOperationException>(() => comparison.Accept([1, 0]));
        comparison.NextRequest().Should().NotBeNull();
        Assert.Throws<InvalidOperationException>(() => comparison.NextRequest());
    }

    // Comparing as sets of values; the assertion library would compare each with each.
    private static void ShouldBe(IReadOnlyCollection<MerkleItem> found, IEnumerable<MerkleItem> expected)
    {
        var items = expected.ToHashSet();
        found.Should().HaveCount(items.Count);
        items.SetEquals(found).Should().BeTrue();
    }

    private static int Few(Random random) => random.Next(4) switch { 0 => 0, 1 => 1, 2 => random.Next(20), _ => random.Next(700) };
}
