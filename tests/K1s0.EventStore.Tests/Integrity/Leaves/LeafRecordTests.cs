using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

public sealed class LeafRecordTests
{
    private static readonly LeafRecord Record =
        LeafRecord.Of(StoredStream.Of(3)[2] with { RecordedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero) });

    [Fact]
    public void It_is_short_and_holds_what_the_store_holds()
    {
        var stored = StoredStream.Of(2)[1];

        var record = LeafRecord.Of(stored);

        LeafRecord.Length.Should().Be(129).And.BeLessThan(256);
        record.StreamTag.Should().Be(StreamChain.Tag(StoredStream.Id));
        (record.Version.Value, record.EventId).Should().Be((2, stored.Id));
        (record.ContentDigest, record.ChainHash).Should().Be((stored.ContentDigest, stored.ChainHash));
    }

    [Fact]
    public void What_is_written_comes_back()
    {
        LeafRecord.Read(Record.ToArray()).Should().Be(Record);
        Record.LeafHash().Should().Be(MerkleHash.Leaf(Record.ToArray()));
    }

    [Fact]
    public void Any_changed_bit_is_another_record_or_refused()
    {
        for (var bit = 0; bit < LeafRecord.Length * 8; bit++)
        {
            var bytes = Record.ToArray();
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));

            ReadOrNull(bytes).Should().NotBe(Record);
        }
    }

    [Fact]
    public void An_unknown_version_is_named_and_not_called_damaged()
    {
        var bytes = Record.ToArray();
        bytes[0] = 2;

        var error = Assert.Throws<UnsupportedFormatException>(() => LeafRecord.Read(bytes));

        (error.FoundVersion, error.SupportedVersion).Should().Be((2, 1));
        Assert.Throws<UnsupportedFormatException>(() => LeafRecord.Read([2])).FoundVersion.Should().Be(2);
    }

    [Fact]
    public void Another_length_is_refused()
    {
        for (var length = 0; length < LeafRecord.Length; length++)
        {
            Assert.Throws<InvalidFormatException>(() => LeafRecord.Read(Record.ToArray().AsSpan(0, length)));
        }

        Assert.Throws<InvalidFormatException>(() => LeafRecord.Read([.. Record.ToArray(), 0]));
        Assert.Throws<ArgumentException>(() => Record.CopyTo(new byte[LeafRecord.Length - 1]));
    }

    [Theory]
    [InlineData(33, "0000000000000000")]
    [InlineData(33, "8000000000000001")]
    [InlineData(57, "7fffffffffffffff")]
    [InlineData(57, "8000000000000000")]
    public void A_version_or_a_time_out_of_range_is_refused(int at, string hex)
    {
        var bytes = Record.ToArray();
        Convert.FromHexString(hex).CopyTo(bytes, at);

        Assert.Throws<InvalidFormatException>(() => LeafRecord.Read(bytes)).Format.Should().Be("leaf record");
    }

    [Fact]
    public void The_earliest_and_the_latest_time_come_back()
    {
        foreach (var time in (DateTimeOffset[])[DateTimeOffset.MinValue, DateTimeOffset.MaxValue.AddTicks(-9)])
        {
            LeafRecord.Read((Record with { RecordedAt = time }).ToArray()).RecordedAt.Should().Be(time);
        }
    }

    private static LeafRecord? ReadOrNull(byte[] bytes)
    {
        try
        {
            return LeafRecord.Read(bytes);
        }
        catch (EventStoreException e) when (e is InvalidFormatException or UnsupportedFormatException)
        {
            return null;
        }
    }
}
