namespace K1s0.EventStore.Tests;

public sealed class FeedFilterTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    private static readonly EventEnvelope Placed =
        EventEnvelope.Create(new StreamId("order", "a-1"), "OrderPlaced", "{}"u8.ToArray()) with { RecordedAt = Noon };

    [Fact]
    public void A_filter_without_members_lets_everything_through()
    {
        new FeedFilter().Matches(Placed).Should().BeTrue();
        new FeedFilter { EventTypes = [], StreamTypes = [], StreamPrefix = "" }.Matches(Placed).Should().BeTrue();
    }

    [Theory]
    [InlineData("OrderPlaced", true)]
    [InlineData("orderplaced", false)]
    [InlineData("Order", false)]
    public void Event_types_are_compared_whole_and_ordinally(string type, bool matches) =>
        new FeedFilter { EventTypes = ["Other", type] }.Matches(Placed).Should().Be(matches);

    [Theory]
    [InlineData("order", true)]
    [InlineData("Order", false)]
    [InlineData("orde", false)]
    [InlineData("order-a", false)]
    public void Stream_types_are_compared_whole_and_ordinally(string type, bool matches) =>
        new FeedFilter { StreamTypes = ["other", type] }.Matches(Placed).Should().Be(matches);

    [Theory]
    [InlineData("order", true)]
    [InlineData("order-a", true)]
    [InlineData("order-a-1", true)]
    [InlineData("order-a-12", false)]
    [InlineData("rder", false)]
    [InlineData("Order", false)]
    public void The_prefix_is_the_beginning_of_the_streams_text(string prefix, bool matches) =>
        new FeedFilter { StreamPrefix = prefix }.Matches(Placed).Should().Be(matches);

    [Theory]
    [InlineData(0, 1, true)]
    [InlineData(-1, 0, false)]
    [InlineData(1, 2, false)]
    [InlineData(0, 0, false)]
    public void Recorded_times_go_from_inclusive_to_exclusive(int from, int before, bool matches) =>
        new FeedFilter { RecordedFrom = Noon.AddMicroseconds(from), RecordedBefore = Noon.AddMicroseconds(before) }
            .Matches(Placed).Should().Be(matches);

    [Fact]
    public void Every_member_that_is_set_must_hold()
    {
        var filter = new FeedFilter { EventTypes = ["OrderPlaced"], StreamTypes = ["order"], StreamPrefix = "order-a" };

        filter.Matches(Placed).Should().BeTrue();
        (filter with { EventTypes = ["Other"] }).Matches(Placed).Should().BeFalse();
        (filter with { StreamTypes = ["other"] }).Matches(Placed).Should().BeFalse();
        (filter with { StreamPrefix = "order-b" }).Matches(Placed).Should().BeFalse();
        (filter with { RecordedFrom = Noon.AddDays(1) }).Matches(Placed).Should().BeFalse();
        (filter with { RecordedBefore = Noon.AddDays(-1) }).Matches(Placed).Should().BeFalse();
    }

    [Theory]
    [InlineData("a\nb")]
    [InlineData("\u0000")]
    [InlineData("\u0085")]
    public void Text_that_no_name_can_have_is_refused_by_the_member_that_it_is_for(string text)
    {
        Assert.Throws<ArgumentException>(() => new FeedFilter { EventTypes = ["Good", text] })
            .ParamName.Should().Be("EventTypes");
        Assert.Throws<ArgumentException>(() => new FeedFilter { StreamTypes = ["good", text] })
            .ParamName.Should().Be("StreamTypes");
        Assert.Throws<ArgumentException>(() => new FeedFilter { StreamPrefix = text })
            .ParamName.Should().Be("StreamPrefix");
    }

    // Not arguments of the test above: a lone surrogate does not survive as one.
    [Fact]
    public void A_lone_surrogate_is_refused_wherever_it_stands()
    {
        foreach (var text in new[] { "\ud800", "a\ud83d", "\ude00a", "\ude00\ud83d", "a\ud800b" })
        {
            Text_that_no_name_can_have_is_refused_by_the_member_that_it_is_for(text);
        }

        new FeedFilter { StreamPrefix = "order-\ud83d\ude00" }.StreamPrefix.Should().EndWith("😀");
    }

    [Fact]
    public void A_type_of_null_is_refused()
    {
        Assert.Throws<ArgumentNullException>(() => new FeedFilter { EventTypes = ["Good", null!] });
        Assert.Throws<ArgumentNullException>(() => new FeedFilter { StreamTypes = [null!] });
    }

    [Fact]
    public void Null_is_refused() => Assert.Throws<ArgumentNullException>(() => new FeedFilter().Matches(null!));
}
