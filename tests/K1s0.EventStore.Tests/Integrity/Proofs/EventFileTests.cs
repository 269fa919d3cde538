using System.Text;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

public sealed class EventFileTests
{
    private static readonly EventEnvelope Event = new(
        Guid.Parse("01890a5d-ac96-774b-bcce-b302099a8057"),
        new StreamId("order", "Zo\u00eb \"4711\""),
        3,
        "ItemAdded",
        (ReadOnlyMemory<byte>)"{\"note\" : \"\u00e4\"}"u8.ToArray(),
        (ReadOnlyMemory<byte>)"{}"u8.ToArray(),
        new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero).AddTicks(6_789_010))
    {
        SchemaVersion = 2,
        RecordedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 6, TimeSpan.Zero).AddTicks(10),
    };

    [Fact]
    public void The_file_is_what_the_format_says()
    {
        Encoding.UTF8.GetString(EventFile.ToUtf8(Event)).Should().Be(
            """
            {
              "formatVersion": 1,
              "eventId": "01890a5d-ac96-774b-bcce-b302099a8057",
              "aggregateType": "order",
              "aggregateId": "Zoë \"4711\"",
              "version": 3,
              "eventType": "ItemAdded",
              "schemaVersion": 2,
              "occurredAt": "2026-01-02T03:04:05.678901+00:00",
              "recordedAt": "2026-01-02T03:04:06.000001+00:00",
              "metadataHex": "7b7d",
              "payloadHex": "7b226e6f746522203a2022c3a4227d"
            }

            """);
    }

    [Fact]
    public void What_was_written_is_read_back_with_all_that_a_proof_covers()
    {
        var read = EventFile.Parse(EventFile.ToUtf8(Event));

        read.Should().Be(Event);
        (read.SchemaVersion, read.RecordedAt).Should().Be((Event.SchemaVersion, Event.RecordedAt));
        ContentDigest.Compute(read).Should().Be(ContentDigest.Compute(Event));
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"formatVersion":1}""")]
    [InlineData("""{"formatVersion":1,"eventId":"x"}""")]
    public void What_is_no_event_is_refused(string text)
    {
        var parse = () => EventFile.Parse(Encoding.UTF8.GetBytes(text));

        parse.Should().Throw<InvalidFormatException>();
    }

    [Theory]
    [InlineData("aggregateType", "\"order\"", "\"\"")]
    [InlineData("payloadHex", "\"7b22", "\"7x22")]
    [InlineData("occurredAt", "\"2026-01-02T03:04:05.678901", "\"yesterday")]
    [InlineData("version", "3,", "\"3\",")]
    public void A_member_that_is_not_as_it_should_be_is_refused(string member, string from, string to)
    {
        var text = Encoding.UTF8.GetString(EventFile.ToUtf8(Event));
        var changed = text.Replace($"\"{member}\": {from}", $"\"{member}\": {to}", StringComparison.Ordinal);
        changed.Should().NotBe(text);

        var parse = () => EventFile.Parse(Encoding.UTF8.GetBytes(changed));

        parse.Should().Throw<InvalidFormatException>();
    }

    [Fact]
    public void Another_version_is_told_from_a_broken_file()
    {
        var parse = () => EventFile.Parse("""{"formatVersion":2}"""u8.ToArray());

        parse.Should().Throw<UnsupportedFormatException>();
    }
}
