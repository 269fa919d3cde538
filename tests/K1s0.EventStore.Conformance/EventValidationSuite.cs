using System.Globalization;
using System.Text;

namespace K1s0.EventStore.Conformance;

/// <summary>Events that could not be kept or read back are refused with a reason, and nothing is written.</summary>
public abstract class EventValidationSuite : ConformanceSuite
{
    public static TheoryData<string> NotJson =>
    [
        "", " ", "{", "}", "[1,]", """{"a":1,}""", """{"a" 1}""", "{a:1}", "'a'", "nul", "NaN", "Infinity",
        "01", "+1", "1.", ".5", "0x1", "{}{}", "1 2", "[1,2", "// comment\n1", "/* comment */1", "\ufeff{}",
        "\"\u0001\"", "\"\n\"", "\"a", "\"\\x\"", "\"\\u12\"",
    ];

    // Hexadecimal, in quotes as a JSON text: stray bytes, overlong slash, a surrogate, beyond U+10FFFF, cut off.
    public static TheoryData<string> NotUtf8 =>
        ["22FF22", "228022", "22C0AF22", "22EDA08022", "22F490808022", "22E697"];

    public static TheoryData<string> BadEventTypes =>
        ["", "a\u0000b", "a\nb", "\u007f", "\u0085", new string('e', 256), new string('日', 86)];

    [Fact]
    public async Task An_empty_id() => await AssertRefusedAsync(
        envelope => envelope with { Id = Guid.Empty }, InvalidEventReason.EmptyId);

    [Fact]
    public async Task An_id_that_stands_twice_in_one_append()
    {
        var stream = await StreamWithAsync(1);
        var envelope = AnEvent(stream);

        var refusal = await RefusedAsync<InvalidEventException>(
            () => Store.AppendAsync(stream, [envelope, AnEvent(stream), envelope], cancellationToken: Cancellation),
            stream);

        (refusal.EventId, refusal.Reason).Should().Be((envelope.Id, InvalidEventReason.DuplicateId));
    }

    [Theory]
    [MemberData(nameof(BadEventTypes))]
    public async Task A_bad_event_type(string type) => await AssertRefusedAsync(
        envelope => envelope with { EventType = type }, InvalidEventReason.BadEventType);

    // Not a member of the list above: a lone surrogate does not survive as an argument of a test.
    [Fact]
    public async Task An_event_type_with_a_lone_surrogate() => await AssertRefusedAsync(
        envelope => envelope with { EventType = "a\ud800" }, InvalidEventReason.BadEventType);

    [Fact]
    public async Task An_event_type_that_is_null() => await AssertRefusedAsync(
        envelope => envelope with { EventType = null! }, InvalidEventReason.BadEventType);

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    public async Task A_schema_version_below_one(int schemaVersion) => await AssertRefusedAsync(
        envelope => envelope with { SchemaVersion = schemaVersion }, InvalidEventReason.BadSchemaVersion);

    [Theory]
    [InlineData("0001-01-01T00:00:00Z")]
    [InlineData("0001-01-01T23:59:59.999999Z")]
    [InlineData("9999-01-01T00:00:00Z")]
    [InlineData("9999-12-31T23:59:59.999999Z")]
    public async Task A_time_that_is_unset_or_out_of_range(string time) => await AssertRefusedAsync(
        envelope => envelope with { OccurredAt = DateTimeOffset.Parse(time, CultureInfo.InvariantCulture) },
        InvalidEventReason.BadTime);

    [Theory]
    [MemberData(nameof(NotJson))]
    public async Task A_payload_that_is_not_json(string payload) => await AssertRefusedAsync(
        envelope => envelope with { PayloadUtf8 = Encoding.UTF8.GetBytes(payload) }, InvalidEventReason.NotJson);

    [Theory]
    [MemberData(nameof(NotJson))]
    public async Task Metadata_that_is_not_json(string metadata)
    {
        // Empty metadata stands for an empty object.
        var bytes = Encoding.UTF8.GetBytes(metadata.Length == 0 ? " " : metadata);

        await AssertRefusedAsync(envelope => envelope with { MetadataUtf8 = bytes }, InvalidEventReason.NotJson);
    }

    [Theory]
    [MemberData(nameof(NotUtf8))]
    public async Task A_payload_that_is_not_utf8(string hex) => await AssertRefusedAsync(
        envelope => envelope with { PayloadUtf8 = Convert.FromHexString(hex) }, InvalidEventReason.NotJson);

    [Theory]
    [MemberData(nameof(NotUtf8))]
    public async Task Metadata_that_is_not_utf8(string hex) => await AssertRefusedAsync(
        envelope => envelope with { MetadataUtf8 = Convert.FromHexString(hex) }, InvalidEventReason.NotJson);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(EventStoreOptions.MaxSupportedJsonDepth)]
    [InlineData(100_000)]
    public async Task Json_that_is_nested_too_deep(int tooMany)
    {
        var depth = Backend.Options.MaxJsonDepth + tooMany;
        var arrays = new string('[', depth) + new string(']', depth);

        await AssertRefusedAsync(
            envelope => envelope with { PayloadUtf8 = Encoding.UTF8.GetBytes(arrays) }, InvalidEventReason.TooDeep);
        await AssertRefusedAsync(
            envelope => envelope with { PayloadUtf8 = Encoding.UTF8.GetBytes(Objects(depth)) },
            InvalidEventReason.TooDeep);
    }

    [Fact]
    public async Task Metadata_that_is_nested_too_deep() => await AssertRefusedAsync(
        envelope => envelope with { MetadataUtf8 = Encoding.UTF8.GetBytes(Objects(Backend.Options.MaxJsonDepth + 1)) },
        InvalidEventReason.TooDeep);

    [Fact]
    public async Task A_payload_over_the_limit() => await AssertRefusedAsync(
        envelope => envelope with { PayloadUtf8 = TextOf(Backend.Options.MaxPayloadBytes + 1) },
        InvalidEventReason.TooLarge);

    [Fact]
    public async Task Metadata_over_the_limit() => await AssertRefusedAsync(
        envelope => envelope with { MetadataUtf8 = TextOf(Backend.Options.MaxMetadataBytes + 1) },
        InvalidEventReason.TooLarge);

    private static string Objects(int depth) =>
        string.Concat(Enumerable.Repeat("""{"a":""", depth)) + "1" + new string('}', depth);

    private static byte[] TextOf(int length) => Encoding.UTF8.GetBytes($"\"{new string('x', length - 2)}\"");

    // As the only event, and behind a good one, which must not stay behind.
    private async Task AssertRefusedAsync(Func<EventEnvelope, EventEnvelope> spoil, InvalidEventReason reason)
    {
        var stream = await StreamWithAsync(1);
        var bad = spoil(AnEvent(stream));
        foreach (var events in new EventEnvelope[][] { [bad], [AnEvent(stream), bad], [bad, AnEvent(stream)] })
        {
            var refusal = await RefusedAsync<InvalidEventException>(
                () => Store.AppendAsync(stream, events, cancellationToken: Cancellation), stream);
            (refusal.EventId, refusal.Reason, refusal.IsTransient).Should().Be((bad.Id, reason, false));
        }
    }
}
