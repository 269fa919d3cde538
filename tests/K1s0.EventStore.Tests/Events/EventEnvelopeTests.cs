using System.Text;

namespace K1s0.EventStore.Tests;

public sealed class EventEnvelopeTests
{
    private static readonly Guid Id = new("01920000-0000-7000-8000-000000000001");
    private static readonly StreamId Order = new("order", "1");
    private static readonly DateTimeOffset Time = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public static TheoryData<string> PartsOfTheContent =>
        ["id", "stream", "version", "type", "schema version", "time", "payload", "metadata"];

    [Fact]
    public void Equal_bytes_make_equal_events_whatever_memory_they_are_in()
    {
        var (one, two) = (AnEvent("""{"a":1}"""), AnEvent("""{"a":1}"""));

        one.Should().Be(two);
        (one == two).Should().BeTrue();
        one.GetHashCode().Should().Be(two.GetHashCode());
    }

    [Theory]
    [MemberData(nameof(PartsOfTheContent))]
    public void Events_that_differ_in_one_part_are_different(string part)
    {
        var one = AnEvent("""{"a":1}""");

        (one == Different(one, part)).Should().BeFalse();
        one.Equals(null).Should().BeFalse();
    }

    [Fact]
    public void The_same_json_in_other_bytes_is_another_event() => AnEvent("[1]").Should().NotBe(AnEvent("[ 1]"));

    [Fact]
    public async Task What_the_store_adds_takes_no_part_in_equality()
    {
        var store = new InMemoryEventStore();
        var appended = AnEvent("[1]");
        await store.AppendAsync(Order, [appended], cancellationToken: TestContext.Current.CancellationToken);

        var stored = (await store.LoadAsync(Order, cancellationToken: TestContext.Current.CancellationToken))[0];

        stored.ChainHash.Should().NotBe(appended.ChainHash);
        stored.Should().Be(appended with { Version = 1 });
    }

    [Theory]
    [InlineData("2026-01-02T03:04:05.1234567Z", "2026-01-02T03:04:05.123456Z")]
    [InlineData("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999Z")]
    [InlineData("2026-01-02T03:04:05.1234569+05:30", "2026-01-02T03:04:05.123456+05:30")]
    public void The_time_is_cut_to_microseconds_by_the_constructor_and_by_with(string given, string kept)
    {
        var time = DateTimeOffset.Parse(given, System.Globalization.CultureInfo.InvariantCulture);
        var expected = DateTimeOffset.Parse(kept, System.Globalization.CultureInfo.InvariantCulture);

        new EventEnvelope(Id, Order, 0, "T", "1"u8.ToArray(), default, time).OccurredAt.Should().Be(expected);
        (AnEvent("1") with { OccurredAt = time }).OccurredAt.Should().Be(expected);
    }

    [Fact]
    public void Its_text_names_stream_version_type_and_id_and_gives_nothing_of_the_payload_away()
    {
        var envelope = AnEvent("""{"secret":"hunter2"}""") with
        {
            Version = 3,
            MetadataUtf8 = """{"actor":"alice"}"""u8.ToArray(),
        };

        envelope.ToString().Should().Be($"order-1@3 ItemAdded {Id}");
    }

    [Fact]
    public void Null_is_refused()
    {
        Assert.Throws<ArgumentNullException>(
            () => new EventEnvelope(Id, null!, 0, "T", "1"u8.ToArray(), default(ReadOnlyMemory<byte>), Time));
        Assert.Throws<ArgumentNullException>(
            () => new EventEnvelope(Id, Order, 0, null!, "1"u8.ToArray(), default(ReadOnlyMemory<byte>), Time));
    }

    [Fact]
    [Trait("Row", "L01")]
    public void A_new_event_gets_a_version_7_id_and_the_time_of_the_provider()
    {
        var envelope = EventEnvelope.Create(
            Order, "ItemAdded", "[1]"u8.ToArray(), timeProvider: new FixedTime(Time.AddTicks(7)));

        envelope.Id.Version.Should().Be(7);
        Convert.ToInt64(envelope.Id.ToString("N")[..12], 16).Should().Be(Time.ToUnixTimeMilliseconds());
        envelope.OccurredAt.Should().Be(Time);
        (envelope.Version, envelope.SchemaVersion).Should().Be((0, 1));
        Encoding.UTF8.GetString(envelope.MetadataUtf8.Span).Should().Be("{}");
    }

    [Fact]
    public void A_new_event_can_be_made_of_an_object_by_generated_code()
    {
        var envelope = EventEnvelope.Create(
            Order,
            "OrderPlaced",
            new OrderPlaced("bob", 1.50m),
            OrderJson.Default.OrderPlaced,
            new EventMetadata { Actor = "alice", Tenant = "t" });

        Encoding.UTF8.GetString(envelope.PayloadUtf8.Span).Should().Be("""{"Customer":"bob","Total":1.50}""");
        Encoding.UTF8.GetString(envelope.MetadataUtf8.Span).Should().Be("""{"actor":"alice","tenant":"t"}""");
        envelope.Actor.Should().Be("alice");
    }

    [Fact]
    public void The_partition_key_is_the_hour_of_recording_in_utc() =>
        (AnEvent("1") with { RecordedAt = new DateTimeOffset(2026, 1, 2, 3, 59, 59, TimeSpan.FromHours(9)) })
            .PartitionKey.Should().Be("2026/01/01/18");

    private static EventEnvelope AnEvent(string payload) =>
        new(Id, new StreamId("order", "1"), 0, "ItemAdded", Encoding.UTF8.GetBytes(payload), "{}"u8.ToArray(), Time);

    private static EventEnvelope Different(EventEnvelope envelope, string part) => part switch
    {
        "id" => envelope with { Id = Guid.CreateVersion7() },
        "stream" => envelope with { StreamId = new StreamId("order", "2") },
        "version" => envelope with { Version = 1 },
        "type" => envelope with { EventType = "itemAdded" },
        "schema version" => envelope with { SchemaVersion = 2 },
        "time" => envelope with { OccurredAt = Time.AddMicroseconds(1) },
        "payload" => envelope with { PayloadUtf8 = """{"a":2}"""u8.ToArray() },
        "metadata" => envelope with { MetadataUtf8 = "{ }"u8.ToArray() },
        _ => throw new ArgumentOutOfRangeException(nameof(part)),
    };
}
