namespace K1s0.EventStore.Tests;

public sealed class PositionTests
{
    [Fact]
    public void The_default_value_is_before_the_first_event()
    {
        default(Position).Should().Be(Position.Start);
        Position.Start.Value.Should().Be(0);
        Position.Start.Should().BeLessThan(new Position(1));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    public void A_negative_position_is_refused(long value) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Position(value));

    [Fact]
    public void Positions_are_ordered_by_their_number()
    {
        var (one, two, again) = (new Position(1), new Position(2), new Position(2));

        (one < two, two < one, two < again).Should().Be((true, false, false));
        (one > two, two > one, two > again).Should().Be((false, true, false));
        (one <= two, two <= one, two <= again).Should().Be((true, false, true));
        (one >= two, two >= one, two >= again).Should().Be((false, true, true));
        two.CompareTo(one).Should().BePositive();
        two.Should().Be(again);
    }

    [Fact]
    public void The_text_is_the_number() => new Position(1234567).ToString().Should().Be("1234567");

    [Fact]
    public void The_text_of_a_store_identity_is_id_slash_epoch() =>
        new StoreIdentity(new Guid("01920000-0000-7000-8000-000000000001"), 2).ToString()
            .Should().Be("01920000-0000-7000-8000-000000000001/2");

    [Theory]
    [InlineData(5, 5, true)]
    [InlineData(6, 5, true)]
    [InlineData(4, 5, false)]
    public void A_page_is_at_the_end_when_it_has_been_read_to_the_bound(long readTo, long bound, bool atEnd) =>
        new FeedPage([], new Position(readTo), new Position(bound)).IsAtEnd.Should().Be(atEnd);
}
