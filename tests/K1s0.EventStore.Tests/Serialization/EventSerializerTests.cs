using System.Text;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests.Serialization;

public sealed class EventSerializerTests
{
    private static readonly StreamId Stream = new("article", "1");

    [Fact]
    public void An_event_becomes_an_envelope_under_its_name_and_current_schema_version_and_back()
    {
        var time = new ManualTime(DateTimeOffset.UnixEpoch.AddDays(20_000));
        var serializer = new EventSerializer(Types(), time);

        var envelope = serializer.ToEnvelope(Stream, new PricePut(2.50m, "EUR"), new EventMetadata { Actor = "ada" });

        (envelope.EventType, envelope.SchemaVersion, envelope.Actor).Should().Be(("price-put", 3, "ada"));
        (envelope.OccurredAt, envelope.StreamId, envelope.Id.Version).Should().Be((time.GetUtcNow(), Stream, 7));
        Encoding.UTF8.GetString(envelope.PayloadUtf8.Span).Should().Be("""{"amount":2.50,"currency":"EUR"}""");
        serializer.Decode(envelope).Should().Equal(new PricePut(2.50m, "EUR"));
    }

    [Fact]
    public void Upcasters_rename_reshape_split_and_drop()
    {
        var serializer = new EventSerializer(Types());

        serializer.Decode(Stored("priced", 1, """{"cents":250}""")).Should().Equal(new PricePut(2.5m, "EUR"));
        serializer.Decode(Stored("price-put", 1, """{"cents":199}""")).Should().Equal(new PricePut(1.99m, "EUR"));
        serializer.Decode(Stored("price-put", 2, """{"amount":2}""")).Should().Equal(new PricePut(2m, "EUR"));
        serializer.Decode(Stored("article-put", 1, """{"name":"cup","cents":300}"""))
            .Should().Equal(new NamePut("cup"), new PricePut(3m, "EUR"));
        serializer.Decode(Stored("viewed", 1, "{}")).Should().BeEmpty();
    }

    [Fact]
    public void Upcasting_changes_neither_stored_bytes_nor_digest()
    {
        var serializer = new EventSerializer(Types());
        var envelope = Stored("article-put", 1, """{ "name":"cup",   "cents":3.00e2 }""");
        var (bytes, digest) = (envelope.PayloadUtf8.ToArray(), ContentDigest.Compute(envelope));

        serializer.Decode(envelope).Should().HaveCount(2);

        envelope.PayloadUtf8.ToArray().Should().Equal(bytes);
        ContentDigest.Compute(envelope).Should().Be(digest);
    }

    [Theory]
    [Trait("Row", "X08")]
    [InlineData("nobody-knows", 1, "{}", false)]
    [InlineData("price-put", 4, """{"amount":1,"currency":"EUR"}""", false)]
    [InlineData("viewed", 2, "{}", false)]
    [InlineData("price-put", 3, "[1]", true)]
    [InlineData("price-put", 3, "null", true)]
    [InlineData("price-put", 1, """{"euros":1}""", true)]
    [InlineData("price-put", 1, """{"cents":"many"}""", true)]
    [InlineData("price-put", 1, """{"cents":1,"cents":2}""", true)]
    [InlineData("fails", 1, "{}", true)]
    public void What_is_not_understood_is_refused_by_name_or_handed_over_as_unknown(
        string type, int schemaVersion, string payload, bool hasCause)
    {
        var serializer = new EventSerializer(Types());
        var envelope = Stored(type, schemaVersion, payload);

        var refusal = Assert.Throws<EventNotUnderstoodException>(() => serializer.Decode(envelope));

        refusal.Envelope.Should().BeSameAs(envelope);
        refusal.Message.Should().ContainAll("article-1@7", type, $"schema version {schemaVersion}", "position 42");
        (refusal.InnerException is not null).Should().Be(hasCause);
        var unknown = serializer.Decode(envelope, UnknownEvents.HandOver)
            .Should().ContainSingle().Which.Should().BeOfType<UnknownEvent>().Which;
        unknown.Envelope.Should().BeSameAs(envelope);
        unknown.Cause.Message.Should().Be(refusal.Message);
    }

    [Fact]
    public void A_part_that_nobody_knows_makes_the_whole_event_not_understood()
    {
        var serializer = new EventSerializer(Types().Split(
            "half", 1, raw => [raw.As("name-put", 1), raw.As("nobody-knows", 1)]));
        var envelope = Stored("half", 1, """{"name":"cup"}""");

        Assert.Throws<EventNotUnderstoodException>(() => serializer.Decode(envelope))
            .Message.Should().Contain("nobody-knows");
        serializer.Decode(envelope, UnknownEvents.HandOver).Should().ContainSingle()
            .Which.Should().BeOfType<UnknownEvent>();
    }

    [Fact]
    public void Upcasters_that_never_end_are_stopped_by_their_limits()
    {
        var serializer = new EventSerializer(Types()
            .Split("circle", 1, raw => [raw.As("circle", 1)])
            .Split("flood", 1, raw => Enumerable.Repeat(raw.As("name-put", 1), int.MaxValue)));

        Assert.Throws<EventNotUnderstoodException>(() => serializer.Decode(Stored("circle", 1, "{}")))
            .Message.Should().Contain("100 upcasters");
        Assert.Throws<EventNotUnderstoodException>(() => serializer.Decode(Stored("flood", 1, """{"name":"a"}""")))
            .Message.Should().Contain("1000 events");
    }

    [Fact]
    public void The_names_that_may_be_stored_are_known_for_a_filter() =>
        new EventSerializer(Types()).StoredTypes.Should()
            .BeEquivalentTo("price-put", "name-put", "priced", "article-put", "viewed", "fails");

    [Fact]
    public void A_type_that_was_not_added_is_a_wrong_call() =>
        Assert.Throws<ArgumentException>(() => new EventSerializer(Types()).ToEnvelope(Stream, "text"))
            .Message.Should().Contain("System.String");

    [Fact]
    public void Reflection_is_there_for_who_asks_for_it()
    {
        var serializer = new EventSerializer(new EventTypes().AddByReflection<NamePut>("name-put", schemaVersion: 2));

        var envelope = serializer.ToEnvelope(Stream, new NamePut("cup"));

        (envelope.SchemaVersion, envelope.Payload.GetRawText()).Should().Be((2, """{"name":"cup"}"""));
        serializer.Decode(envelope).Should().Equal(new NamePut("cup"));
    }

    internal static EventTypes Types() => new EventTypes()
        .Add("price-put", UpcastJson.Default.PricePut, schemaVersion: 3)
        .Add("name-put", UpcastJson.Default.NamePut)
        .Rename("priced", 1, "price-put", 1)
        .Reshape("price-put", 1, payload =>
        {
            payload["amount"] = payload["cents"]!.GetValue<decimal>() / 100;
            payload.Remove("cents");
        })
        .Reshape("price-put", 2, payload => payload["currency"] = "EUR")
        .Split("article-put", 1, raw => [raw.As("name-put", 1), raw.As("price-put", 1)])
        .Reshape("fails", 1, _ => throw new TimeZoneNotFoundException("not here"))
        .Rename("fails", 2, "name-put")
        .Drop("viewed");

    private static EventEnvelope Stored(string type, int schemaVersion, string payload) =>
        EventEnvelope.Create(Stream, type, Encoding.UTF8.GetBytes(payload)) with
        {
            SchemaVersion = schemaVersion,
            Version = 7,
            Position = new Position(42),
        };
}
