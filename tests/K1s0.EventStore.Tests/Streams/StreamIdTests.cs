namespace K1s0.EventStore.Tests;

public sealed class StreamIdTests
{
    public static TheoryData<string> BadNames => ["", "a\u0000", "\n", "\u007f", "a\u0085b"];

    [Fact]
    public void Streams_are_compared_by_the_characters_of_both_parts()
    {
        new StreamId("order", "1").Should().Be(new StreamId("order", "1"));
        new StreamId("order", "1").GetHashCode().Should().Be(new StreamId("order", "1").GetHashCode());
        new StreamId("order", "1").Should().NotBe(new StreamId("Order", "1"));
        new StreamId("order", "1").Should().NotBe(new StreamId("order", "2"));
        new StreamId("order", "e\u0301").Should().NotBe(new StreamId("order", "\u00e9"), "nothing is normalised");
    }

    [Fact]
    public void The_hyphen_in_the_text_does_not_make_different_streams_equal()
    {
        var (one, two) = (new StreamId("a-b", "c"), new StreamId("a", "b-c"));

        one.ToString().Should().Be(two.ToString());
        one.Should().NotBe(two);
    }

    [Fact]
    public void The_text_is_type_hyphen_id() => new StreamId("order", "1234").ToString().Should().Be("order-1234");

    [Theory]
    [MemberData(nameof(BadNames))]
    public void A_bad_part_is_refused_by_the_constructor_and_by_with(string bad)
    {
        var good = new StreamId("order", "1");

        Assert.Throws<ArgumentException>(() => new StreamId(bad, "1")).ParamName.Should().Be("AggregateType");
        Assert.Throws<ArgumentException>(() => new StreamId("order", bad)).ParamName.Should().Be("AggregateId");
        Assert.Throws<ArgumentException>(() => good with { AggregateType = bad });
        Assert.Throws<ArgumentException>(() => good with { AggregateId = bad });
    }

    // Not members of the list above: a lone surrogate does not survive as an argument of a test.
    [Fact]
    public void A_lone_surrogate_is_refused()
    {
        A_bad_part_is_refused_by_the_constructor_and_by_with("a\ud800");
        A_bad_part_is_refused_by_the_constructor_and_by_with("\udc00b");
    }

    [Fact]
    public void Null_is_refused()
    {
        Assert.Throws<ArgumentNullException>(() => new StreamId(null!, "1"));
        Assert.Throws<ArgumentNullException>(() => new StreamId("order", null!));
    }

    [Theory]
    [InlineData("a", 255, 500)]
    [InlineData("é", 127, 250)]
    [InlineData("日", 85, 166)]
    [InlineData("😀", 63, 125)]
    public void Lengths_are_counted_in_bytes_of_utf8(string character, int typeLength, int idLength)
    {
        var (type, id) = (Repeat(character, typeLength), Repeat(character, idLength));

        new StreamId(type, id).ToString().Should().Be($"{type}-{id}");
        Assert.Throws<ArgumentException>(() => new StreamId(type + character, id));
        Assert.Throws<ArgumentException>(() => new StreamId(type, id + character));
    }

    private static string Repeat(string character, int count) => string.Concat(Enumerable.Repeat(character, count));
}
