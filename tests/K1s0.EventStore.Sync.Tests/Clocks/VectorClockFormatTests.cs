using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

public sealed class VectorClockFormatTests
{
    // Two entries: replica 1 up to 300, and the second incarnation (5) of replica 2 up to 1.
    private const string Known =
        "01" + "02"
        + "00000000000000000000000000000001" + "00" + "ac02"
        + "00000000000000000000000000000002" + "05" + "01";

    [Fact]
    public void A_clock_is_written_as_it_always_was() =>
        Convert.ToHexStringLower(VectorClock.Of(new Dot(Some.Origin(1), 300), new Dot(Some.Origin(2, 5), 1)).ToArray())
            .Should().Be(Known);

    [Theory]
    [InlineData("0100" + "00", "behind its end")]
    [InlineData("01" + "01" + "00000000000000000000000000000001" + "00" + "00", "out of range")]
    [InlineData("01" + "01" + "00000000000000000000000000000001" + "00" + "8100", "canonical")]
    [InlineData("01" + "01" + "00000000000000000000000000000001" + "00" + "ffffffffffffffffff02", "canonical")]
    [InlineData("01" + "ffffff7f", "count")]
    [InlineData(
        "01" + "02" + "00000000000000000000000000000002" + "00" + "01" + "00000000000000000000000000000001" + "00" + "01",
        "ascending")]
    [InlineData(
        "01" + "02" + "00000000000000000000000000000001" + "00" + "01" + "00000000000000000000000000000001" + "00" + "02",
        "ascending")]
    public void What_is_not_canonical_is_refused(string hex, string reason) =>
        Assert.Throws<InvalidFormatException>(() => VectorClock.Decode(Convert.FromHexString(hex)))
            .Detail.Should().Contain(reason);

    [Fact]
    public void Another_version_is_told_apart_from_damage() =>
        Assert.Throws<UnsupportedFormatException>(() => VectorClock.Decode([2, 0])).FoundVersion.Should().Be(2);

    [Fact]
    public void A_clock_that_is_cut_anywhere_is_refused()
    {
        var bytes = Convert.FromHexString(Known);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<InvalidFormatException>(() => VectorClock.Decode(bytes.AsSpan(0, length)));
        }
    }

    [Fact]
    public void Damaged_bytes_are_refused_or_are_the_canonical_bytes_of_another_clock()
    {
        var (random, whole) = (SeededRandom.Create(), Convert.FromHexString(Known));
        for (var i = 0; i < 20_000; i++)
        {
            var damaged = whole.ToArray();
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            try
            {
                VectorClock.Decode(damaged).ToArray().Should().Equal(damaged);
            }
            catch (Exception e) when (e is InvalidFormatException or UnsupportedFormatException)
            {
                e.Message.Should().Contain("vector clock");
            }
        }
    }
}
