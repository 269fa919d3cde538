using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>A peer that sends anything: a typed refusal, or a result that is right; never another exception.</summary>
public sealed class MerkleHostileTests
{
    private readonly Random _random = SeededRandom.Create();
    private readonly MerkleIndex _left;
    private readonly MerkleIndex _right;

    public MerkleHostileTests()
    {
        var items = SomeItems.Many(_random, 600);
        (_left, _right) = (MerkleIndex.Build(items[..590]), MerkleIndex.Build(items[10..]));
    }

    [Fact]
    public void A_message_that_is_cut_anywhere_is_refused()
    {
        var comparison = new MerkleDiff(_left);
        while (comparison.NextRequest() is { } request)
        {
            var answer = MerkleDiff.Answer(_right, request);
            for (var length = 0; length < request.Length; length++)
            {
                Assert.Throws<InvalidFormatException>(() => MerkleDiff.Answer(_right, request.AsSpan(0, length)));
            }

            for (var length = 0; length < answer.Length; length += 1 + (answer.Length / 500))
            {
                var cut = UpTo(comparison);
                Assert.Throws<InvalidFormatException>(() => cut.Accept(answer.AsSpan(0, length)));
            }

            comparison.Accept(answer);
        }
    }

    [Fact]
    public void A_damaged_request_is_refused_or_answered_within_bounds()
    {
        var request = RequestFor(round: 1);
        var refused = Mutations.CountRefused(100_000, _random, mutator =>
        {
            try
            {
                Assert.InRange(MerkleDiff.Answer(_right, mutator.Damage(request).Span).Length, 0, 1 << 20);
                return false;
            }
            catch (Exception e) when (e is InvalidFormatException or UnsupportedFormatException)
            {
                Assert.Contains("request", e.Message, StringComparison.Ordinal);
                return true;
            }
        });

        refused.Should().BePositive();
    }

    [Fact]
    public void A_damaged_answer_never_ends_in_a_wrong_result()
    {
        for (var i = 0; i < 3_000; i++)
        {
            var comparison = new MerkleDiff(_left);
            var (round, at) = (0, _random.Next(4));
            try
            {
                while (comparison.NextRequest() is { } request)
                {
                    var answer = MerkleDiff.Answer(_right, request);
                    comparison.Accept(round++ == at ? Damaged(answer) : answer);
                }

                comparison.Result.OnlyLocal.Should().HaveCount(10);
                comparison.Result.OnlyRemote.Should().HaveCount(10);
            }
            catch (Exception e) when (e is InvalidFormatException or UnsupportedFormatException)
            {
                e.Message.Should().Contain("answer");
            }
        }
    }

    [Fact]
    public void Asking_for_all_items_at_once_is_refused()
    {
        using var request = new WireWriter();
        request.Bytes([1, 1, 0, 0, 3, 0]);
        var large = MerkleIndex.Build(SomeItems.Many(_random, 1_025));

        Assert.Throws<InvalidFormatException>(() => MerkleDiff.Answer(large, request.Written)).Detail.Should().Contain("too many");
    }

    private byte[] Damaged(byte[] message)
    {
        var damaged = message.ToArray();
        do
        {
            damaged[_random.Next(damaged.Length)] ^= (byte)_random.Next(1, 256);
        }
        while (_random.Next(2) == 0 || damaged.AsSpan().SequenceEqual(message));

        return damaged;
    }

    // A comparison that has come as far as the other one.
    private MerkleDiff UpTo(MerkleDiff other)
    {
        var comparison = new MerkleDiff(_left);
        for (var round = 0; round < other.Result.Rounds; round++)
        {
            comparison.Accept(MerkleDiff.Answer(_right, comparison.NextRequest()!));
        }

        comparison.NextRequest();
        return comparison;
    }

    private byte[] RequestFor(int round)
    {
        var comparison = new MerkleDiff(_left);
        for (; round > 0; round--)
        {
            comparison.Accept(MerkleDiff.Answer(_right, comparison.NextRequest()!));
        }

        return comparison.NextRequest()!;
    }

    [Fact]
    public void No_message_is_larger_than_a_mebibyte_however_large_the_items_are()
    {
        var index = MerkleIndex.Build(Enumerable.Range(0, 5_000).Select(number =>
        {
            var key = new byte[MerkleItem.MaxKeyBytes];
            BitConverter.TryWriteBytes(key, number);
            return new MerkleItem(key, Integrity.Sha256Digest.Of(key));
        }));
        var comparison = new MerkleDiff(MerkleIndex.Build([]));
        var largest = 0;
        while (comparison.NextRequest() is { } request)
        {
            var answer = MerkleDiff.Answer(index, request);
            largest = Math.Max(largest, Math.Max(answer.Length, request.Length));
            comparison.Accept(answer);
        }

        comparison.Result.OnlyRemote.Should().HaveCount(5_000);
        largest.Should().BeInRange(512 * 1024, MerkleFormat.MaxMessageBytes);
        var again = new MerkleDiff(index);
        again.NextRequest();
        Assert.Throws<InvalidFormatException>(() => again.Accept(new byte[MerkleFormat.MaxMessageBytes + 1]));
    }
}
