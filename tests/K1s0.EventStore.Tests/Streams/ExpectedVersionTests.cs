namespace K1s0.EventStore.Tests;

public sealed class ExpectedVersionTests
{
    [Fact]
    public void The_default_value_is_any() => default(ExpectedVersion).Should().Be(ExpectedVersion.Any);

    [Theory]
    [InlineData(null, 0, true)]
    [InlineData(null, 7, true)]
    [InlineData(0L, 0, true)]
    [InlineData(0L, 1, false)]
    [InlineData(3L, 3, true)]
    [InlineData(3L, 2, false)]
    [InlineData(3L, 4, false)]
    public void A_number_accepts_exactly_itself_and_null_everything(long? expected, long actual, bool accepted) =>
        ExpectedVersion.From(expected).Accepts(new StreamVersion(actual)).Should().Be(accepted);

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    [InlineData(long.MaxValue, true)]
    public void Stream_exists_accepts_every_version_but_none(long actual, bool accepted) =>
        ExpectedVersion.StreamExists.Accepts(new StreamVersion(actual)).Should().Be(accepted);

    [Fact]
    public void Equal_expectations_are_equal_however_they_were_made()
    {
        ExpectedVersion.From(0).Should().Be(ExpectedVersion.NoStream);
        ExpectedVersion.Exactly(StreamVersion.None).Should().Be(ExpectedVersion.NoStream);
        ExpectedVersion.From(null).Should().Be(ExpectedVersion.Any);
        ExpectedVersion.From(5).Should().Be(ExpectedVersion.Exactly(new StreamVersion(5)));
        ExpectedVersion.Any.Should().NotBe(ExpectedVersion.StreamExists);
        ExpectedVersion.Any.Should().NotBe(ExpectedVersion.NoStream);
    }

    [Fact]
    public void Only_an_exact_expectation_names_a_version()
    {
        ExpectedVersion.From(5).ExactVersion.Should().Be(new StreamVersion(5));
        ExpectedVersion.NoStream.ExactVersion.Should().Be(StreamVersion.None);
        ExpectedVersion.Any.ExactVersion.Should().BeNull();
        ExpectedVersion.StreamExists.ExactVersion.Should().BeNull();
        ExpectedVersion.StreamExists.MustExist.Should().BeTrue();
        ExpectedVersion.From(5).MustExist.Should().BeFalse();
    }

    [Fact]
    public void A_negative_number_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ExpectedVersion.From(-1));

    [Fact]
    public void The_text_is_a_word_or_the_number()
    {
        ExpectedVersion.Any.ToString().Should().Be("any");
        ExpectedVersion.StreamExists.ToString().Should().Be("stream exists");
        ExpectedVersion.NoStream.ToString().Should().Be("0");
        ExpectedVersion.From(12).ToString().Should().Be("12");
    }
}
