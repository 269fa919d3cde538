using System.Globalization;
using System.Text;
using System.Text.Json;

namespace K1s0.EventStore.Conformance;

/// <summary>What was appended comes back as the same bytes.</summary>
public abstract class ByteFidelitySuite : ConformanceSuite
{
    public static TheoryData<string> JsonTexts =>
    [
        "1.0", "1e2", "1E+2", "1e-7", "-0", "-0.0", "0.10000000000000000000000000000000000001",
        "123456789012345678901234567890123456789012345678901234567890", "1e400", "-1e-400",
        "null", "true", "false", "\"\"", "[]", "{}",
        """{"b":1,"a":2,"B":3}""",
        """{"a":1,"a":2,"a":1}""",
        """{"":0}""",
        """{"__proto__":null,"$type":"x","$id":"1","$ref":"1"}""",
        " \t\r\n{ \"a\" : [ 1 ,\n2 ] } \n",
        "\"日本語 e\u0301 \u00e9 😀 \u2028\u2029\ufeff\uffff\u007f\"",
        @"""\u65e5\u672c \u00E9 \ud83d\ude00 \uD83D\uDE00""",
        @"""\/ \b\f\n\r\t\\ \"" / < > & ' +""",
        @"""\u0000 \u0001 \u001f \u007f""",
        """{"\u0000":"\u0000"}""",
        @"""\ud800""",
        @"""\udc00\ud800""",
        """{"\ud800":"\udfff","actor":"\ud800"}""",
        """[[[[1,[2,[3]]]]],{"a":[{"b":{}}]}]""",
        """{"actor":"alice","correlationId":"c-1","causationId":"c-0","tenant":"t","justification":"because"}""",
        """{"actor":"\u0000","correlationId":"a\u0000b","tenant":"\udfff"}""",
        """{"actor":7,"correlationId":null,"tenant":{},"justification":[]}""",
    ];

    [Theory]
    [MemberData(nameof(JsonTexts))]
    public async Task A_payload_comes_back_byte_for_byte(string json)
    {
        var stream = NewStream();
        var envelope = AnEvent(stream) with { PayloadUtf8 = Encoding.UTF8.GetBytes(json) };

        var result = await Store.AppendAsync(stream, [envelope], cancellationToken: Cancellation);

        await AssertStoredAsync(stream, envelope, result.LastPosition);
    }

    [Theory]
    [MemberData(nameof(JsonTexts))]
    public async Task Metadata_comes_back_byte_for_byte(string json)
    {
        var stream = NewStream();
        var envelope = AnEvent(stream) with { MetadataUtf8 = Encoding.UTF8.GetBytes(json) };

        var result = await Store.AppendAsync(stream, [envelope], cancellationToken: Cancellation);

        await AssertStoredAsync(stream, envelope, result.LastPosition);
    }

    [Theory]
    [MemberData(nameof(JsonTexts))]
    public async Task An_event_made_of_parsed_json_keeps_the_text_that_was_parsed(string json)
    {
        var stream = NewStream();
        EventEnvelope envelope;
        using (var document = JsonDocument.Parse($$"""{"payload":{{json}},"metadata":[{{json}}]}"""))
        {
            var root = document.RootElement;
            var (payload, metadata) = (root.GetProperty("payload"), root.GetProperty("metadata")[0]);
            envelope = new EventEnvelope(
                Guid.CreateVersion7(), stream, 0, "ItemAdded", payload, metadata, DateTimeOffset.UnixEpoch);
        }

        var result = await Store.AppendAsync(stream, [envelope], cancellationToken: Cancellation);

        envelope.PayloadUtf8.ToArray().Should().Equal(Encoding.UTF8.GetBytes(json.Trim()));
        await AssertStoredAsync(stream, envelope, result.LastPosition);
    }

    [Fact]
    public async Task Every_character_of_the_basic_plane_comes_back()
    {
        var stream = NewStream();
        var text = new StringBuilder("\"");
        for (var character = ' '; character < '\uffff'; character++)
        {
            if (character is not ('"' or '\\') && !char.IsSurrogate(character))
            {
                text.Append(character);
            }
        }

        var envelope = AnEvent(stream, text.Append('"').ToString());

        var result = await Store.AppendAsync(stream, [envelope], cancellationToken: Cancellation);

        await AssertStoredAsync(stream, envelope, result.LastPosition);
    }

    [Fact]
    public async Task Nesting_as_deep_as_the_limit_comes_back_and_can_be_parsed()
    {
        var stream = NewStream();
        var depth = Backend.Options.MaxJsonDepth;
        var arrays = AnEvent(stream, new string('[', depth) + new string(']', depth));
        var objects = AnEvent(
            stream, string.Concat(Enumerable.Repeat("""{"a":""", depth)) + "1" + new string('}', depth));

        await Store.AppendAsync(stream, [arrays, objects], cancellationToken: Cancellation);

        var loaded = await LoadAsync(stream);
        loaded.Should().Equal(Numbered([arrays, objects]));
        loaded[0].Payload.ValueKind.Should().Be(JsonValueKind.Array);
        loaded[1].Payload.ValueKind.Should().Be(JsonValueKind.Object);
    }

    [Fact]
    public async Task A_number_of_ten_thousand_digits_and_ten_thousand_members_come_back()
    {
        var stream = NewStream();
        var number = AnEvent(stream, new string('9', 10_000));
        var members = AnEvent(stream, "{" + string.Join(',', Enumerable.Range(0, 10_000).Select(
            member => string.Create(CultureInfo.InvariantCulture, $"\"m{member % 5_000}\":{member}"))) + "}");

        await Store.AppendAsync(stream, [number, members], cancellationToken: Cancellation);

        (await LoadAsync(stream)).Should().Equal(Numbered([number, members]));
    }

    [Fact]
    public async Task Schema_version_and_event_type_come_back()
    {
        var stream = NewStream();
        EventEnvelope[] events =
        [
            AnEvent(stream, type: "e\u0301 \"quoted\" 日本 😀") with { SchemaVersion = 1 },
            AnEvent(stream, type: " ") with { SchemaVersion = int.MaxValue },
        ];

        await Store.AppendAsync(stream, events, cancellationToken: Cancellation);

        (await LoadAsync(stream)).Should().Equal(Numbered(events));
    }

    private async Task AssertStoredAsync(StreamId stream, EventEnvelope appended, Position acknowledged)
    {
        var loaded = (await LoadAsync(stream)).Should().ContainSingle().Subject;
        loaded.PayloadUtf8.ToArray().Should().Equal(appended.PayloadUtf8.ToArray());
        loaded.MetadataUtf8.ToArray().Should().Equal(appended.MetadataUtf8.ToArray());
        loaded.Should().Be(appended with { Version = 1 });
        loaded.Payload.GetRawText().Should().Be(Encoding.UTF8.GetString(appended.PayloadUtf8.Span).Trim());

        (await OwnFeedAsync(acknowledged)).Should().Equal(loaded);
        await foreach (var read in Streams.ReadStreamAsync(stream, cancellationToken: Cancellation))
        {
            read.Should().Be(loaded);
        }
    }
}
