namespace K1s0.EventStore.Tests;

public sealed class StreamVersionTests
{
    [Fact]
    public void The_default_value_means_that_there_is_no_stream()
    {
        default(StreamVersion).Should().Be(StreamVersion.None);
        StreamVersion.None.Value.Should().Be(0);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    public void A_negative_version_is_refused(long value) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new StreamVersion(value));

    [Fact]
    public void Versions_are_ordered_by_their_number()
    {
        var (one, two, again) = (new StreamVersion(1), new StreamVersion(2), new StreamVersion(2));

        (one < two, two < one, two < again).Should().Be((true, false, false));
        (one > two, two > one, two > again).Should().Be((false, true, false));
        (one <= two, two <= one, two <= again).Should().Be((true, false, true));
        (one >= two, two >= one, two >= again).Should().Be((false, true, true));
        one.CompareTo(two).Should().BeNegative();
        two.Should().Be(again);
    }

    [Fact]
    public void The_text_is_the_number() => new StreamVersion(1234567).ToString().Should().Be("1234567");
}
