using System.Buffers.Binary;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync.Tests;

public sealed class SyncEventTests
{
    private static readonly Origin A = Some.Origin(1);

    [Fact]
    public void The_hash_is_the_one_of_the_published_layout()
    {
        var envelope = Some.Envelope();
        var one = SyncEvent.Create(
            new Dot(A, 1), new HybridTime(7), SyncEvent.Genesis(A), VectorClock.Of(new Dot(Some.Origin(2, 9), 3)), envelope);

        byte[] origin = [.. new byte[15], 1, .. new byte[8]];
        byte[] observed = [.. new byte[15], 2, .. Big(9), .. Big(3)];
        var genesis = Sha256Digest.Of([.. "k1s0-sync-origin/1"u8, .. origin]);
        SyncEvent.Genesis(A).Should().Be(genesis);
        one.Hash.Should().Be(Sha256Digest.Of(
        [
            .. "k1s0-sync-event/1"u8, .. origin, .. Big(1), .. Big(7), .. genesis.ToArray(),
            .. ContentDigest.Compute(envelope).ToArray(), 0, 0, 0, 1, .. observed,
        ]));
    }

    [Fact]
    public void The_genesis_of_an_origin_never_changes() =>
        SyncEvent.Genesis(A).ToString().Should().Be("56421dd5b8db44d8a96ba85e6acb51d5e3b8a91c588be1abd892afc5923186fa");

    [Fact]
    public void Another_value_in_any_part_gives_another_hash()
    {
        var (seen, envelope) = (VectorClock.Of(new Dot(Some.Origin(2), 3)), Some.Envelope());
        var (first, genesis) = (new Dot(A, 1), SyncEvent.Genesis(A));
        SyncEvent[] variants =
        [
            SyncEvent.Create(first, new HybridTime(7), genesis, seen, envelope),
            SyncEvent.Create(first with { Sequence = 2 }, new HybridTime(7), genesis, seen, envelope),
            SyncEvent.Create(new Dot(A with { Incarnation = 1 }, 1), new HybridTime(7), genesis, seen, envelope),
            SyncEvent.Create(first, new HybridTime(8), genesis, seen, envelope),
            SyncEvent.Create(first, new HybridTime(7), default, seen, envelope),
            SyncEvent.Create(first, new HybridTime(7), genesis, VectorClock.Empty, envelope),
            SyncEvent.Create(first, new HybridTime(7), genesis, seen.Increment(Some.Origin(2)), envelope),
            SyncEvent.Create(first, new HybridTime(7), genesis, seen, envelope with { PayloadUtf8 = "1"u8.ToArray() }),
        ];

        variants.Should().OnlyHaveUniqueItems(variant => variant.Hash);
    }

    [Fact]
    public void Parts_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => SyncEvent.Create(
            new Dot(A, 2), new HybridTime(7), default, VectorClock.Of(new Dot(A, 1)), Some.Envelope()));
        Assert.Throws<ArgumentOutOfRangeException>(() => SyncEvent.Create(
            new Dot(A, 0), new HybridTime(7), default, VectorClock.Empty, Some.Envelope()));
        Assert.Throws<ArgumentOutOfRangeException>(() => SyncEvent.Create(
            new Dot(A, 1), default, default, VectorClock.Empty, Some.Envelope()));
    }

    private static byte[] Big(long value)
    {
        var bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes;
    }
}
