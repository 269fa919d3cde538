using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>
/// One event as one line of JSON: the form of events in batches and in objects of their own. Members stand in this
/// order and no other; those in brackets may be absent.
/// </summary>
/// <remarks>
/// <code>
/// {"position":7,"id":"0192...","streamType":"order","streamId":"4711","version":3,"type":"placed",["schemaVersion":2,]
///  "occurredAt":"2026-07-01T13:00:00.123456Z","recordedAt":"2026-07-01T13:00:00.130001Z",
///  ["previousId":"0192...","chainHash":"64 hexadecimal digits",]["metadata":{...},]"payload":{...}}
/// </code>
/// Payload and metadata are the exact bytes of the event. Bytes with a line feed or a carriage return, or with white
/// space at an end, stand as a JSON string in <c>payloadText</c> and <c>metadataText</c>. Schema version 1 and metadata
/// <c>{}</c> are left out. What can be recomputed is left out: the content digest always, the chain hash and the id of
/// the previous event when the previous event of the stream stands before in the same frame, and for version 1.
/// </remarks>
internal static class EventLine
{
    /// <summary>The format in words.</summary>
    public const string FormatName = "event line";

    internal const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";
    private const int TimeLength = 27;

    private static readonly SearchValues<byte> LineEnds = SearchValues.Create("\r\n"u8);

    private static readonly JsonWriterOptions Writing = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
        MaxDepth = EventStoreOptions.MaxSupportedJsonDepth + 1,
    };

    private static readonly JsonReaderOptions Reading = new()
    {
        MaxDepth = EventStoreOptions.MaxSupportedJsonDepth + 1,
    };

    /// <summary>Writes an event, with a line feed behind it.</summary>
    /// <param name="envelope">A stored event.</param>
    /// <param name="withChain">Whether to write the id of the previous event and the chain hash.</param>
    /// <param name="output">Where to.</param>
    /// <exception cref="ArgumentException">Payload or metadata is not UTF-8.</exception>
    public static void Write(EventEnvelope envelope, bool withChain, IBufferWriter<byte> output)
    {
        using (var writer = new Utf8JsonWriter(output, Writing))
        {
            writer.WriteStartObject();
            writer.WriteNumber("position"u8, envelope.Position.Value);
            writer.WriteString("id"u8, envelope.Id);
            writer.WriteString("streamType"u8, envelope.StreamId.AggregateType);
            writer.WriteString("streamId"u8, envelope.StreamId.AggregateId);
            writer.WriteNumber("version"u8, envelope.Version);
            writer.WriteString("type"u8, envelope.EventType);
            if (envelope.SchemaVersion != 1)
            {
                writer.WriteNumber("schemaVersion"u8, envelope.SchemaVersion);
            }

            WriteTime(writer, "occurredAt"u8, envelope.OccurredAt);
            WriteTime(writer, "recordedAt"u8, envelope.RecordedAt);
            if (withChain)
            {
                writer.WriteString("previousId"u8, envelope.PreviousEventId);
                writer.WriteString("chainHash"u8, envelope.ChainHash.ToString());
            }

            if (!envelope.MetadataUtf8.Span.SequenceEqual("{}"u8))
            {
                WriteJson(writer, "metadata"u8, "metadataText"u8, envelope.MetadataUtf8.Span);
            }

            WriteJson(writer, "payload"u8, "payloadText"u8, envelope.PayloadUtf8.Span);
            writer.WriteEndObject();
        }

        output.Write("\n"u8);
    }

    /// <summary>
    /// Reads an event. Payload and metadata are parts of the line's memory, unless they stand as text.
    /// </summary>
    /// <param name="line">The line without its line feed.</param>
    /// <param name="hasChain">Whether the line has the id of the previous event and the chain hash.</param>
    /// <exception cref="InvalidFormatException">It is no such line.</exception>
    public static EventEnvelope Read(ReadOnlyMemory<byte> line, out bool hasChain)
    {
        try
        {
            return Parse(line, out hasChain);
        }
        catch (Exception e) when (
            e is JsonException or FormatException or InvalidOperationException or ArgumentException
                or OverflowException)
        {
            throw new InvalidFormatException(FormatName, $"a member is not what it should be ({e.Message})", e);
        }
    }

    /// <summary>A time as it stands in lines.</summary>
    public static string Format(DateTimeOffset time) =>
        time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    private static EventEnvelope Parse(ReadOnlyMemory<byte> line, out bool hasChain)
    {
        var reader = new Utf8JsonReader(line.Span, Reading);
        Expect(reader.Read() && reader.TokenType is JsonTokenType.StartObject);
        Advance(ref reader);
        var position = new Position(Number(ref reader, "position"u8));
        var id = Id(ref reader, "id"u8);
        var streamType = Text(ref reader, "streamType"u8);
        var stream = new StreamId(streamType, Text(ref reader, "streamId"u8));
        var version = Number(ref reader, "version"u8);
        Expect(version > 0);
        var type = Text(ref reader, "type"u8);
        var schemaVersion = 1;
        if (Is(ref reader, "schemaVersion"u8))
        {
            schemaVersion = checked((int)Number(ref reader, "schemaVersion"u8));
            Expect(schemaVersion > 1);
        }

        var occurredAt = Time(ref reader, "occurredAt"u8);
        var recordedAt = Time(ref reader, "recordedAt"u8);
        var (previousId, chainHash) = (Guid.Empty, default(Sha256Digest));
        hasChain = Is(ref reader, "previousId"u8);
        if (hasChain)
        {
            previousId = Id(ref reader, "previousId"u8);
            chainHash = Sha256Digest.Parse(Text(ref reader, "chainHash"u8));
        }

        var metadata = Is(ref reader, "metadata"u8) || Is(ref reader, "metadataText"u8)
            ? Json(ref reader, line, "metadata"u8, "metadataText"u8)
            : ReadOnlyMemory<byte>.Empty;
        var payload = Json(ref reader, line, "payload"u8, "payloadText"u8);
        Expect(reader.TokenType is JsonTokenType.EndObject && !reader.Read());
        return new EventEnvelope(id, stream, version, type, payload, metadata, occurredAt)
        {
            SchemaVersion = schemaVersion,
            Position = position,
            RecordedAt = recordedAt,
            PreviousEventId = previousId,
            ChainHash = chainHash,
        };
    }

    private static void WriteTime(Utf8JsonWriter writer, ReadOnlySpan<byte> name, DateTimeOffset time)
    {
        Span<byte> text = stackalloc byte[TimeLength];
        time.UtcDateTime.TryFormat(text, out var written, TimeFormat, CultureInfo.InvariantCulture);
        writer.WriteString(name, text[..written]);
    }

    private static void WriteJson(
        Utf8JsonWriter writer, ReadOnlySpan<byte> name, ReadOnlySpan<byte> nameOfText, ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json))
        {
            throw new ArgumentException("The event holds bytes that are not UTF-8.", nameof(json));
        }

        if (json.IsEmpty || IsWhiteSpace(json[0]) || IsWhiteSpace(json[^1]) || json.ContainsAny(LineEnds))
        {
            writer.WritePropertyName(nameOfText);
            writer.WriteRawValue(JsonText.Of(json), skipInputValidation: true);
        }
        else
        {
            writer.WritePropertyName(name);
            writer.WriteRawValue(json, skipInputValidation: true);
        }
    }

    private static bool IsWhiteSpace(byte value) => value is (byte)' ' or (byte)'\t';

    private static bool Is(ref Utf8JsonReader reader, ReadOnlySpan<byte> name) =>
        reader.TokenType is JsonTokenType.PropertyName && reader.ValueTextEquals(name);

    // Behind the name, on the value.
    private static void Value(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        if (!Is(ref reader, name))
        {
            throw new FormatException($"{Encoding.UTF8.GetString(name)} is missing");
        }

        Advance(ref reader);
    }

    private static long Number(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        Value(ref reader, name);
        var number = reader.GetInt64();
        Advance(ref reader);
        return number;
    }

    private static Guid Id(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        Value(ref reader, name);
        var id = reader.GetGuid();
        Advance(ref reader);
        return id;
    }

    private static string Text(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        Value(ref reader, name);
        Expect(reader.TokenType is JsonTokenType.String);
        var text = reader.GetString()!;
        Advance(ref reader);
        return text;
    }

    private static DateTimeOffset Time(ref Utf8JsonReader reader, ReadOnlySpan<byte> name) => new(
        DateTime.ParseExact(
            Text(ref reader, name),
            TimeFormat,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal));

    private static ReadOnlyMemory<byte> Json(
        ref Utf8JsonReader reader, ReadOnlyMemory<byte> line, ReadOnlySpan<byte> name, ReadOnlySpan<byte> nameOfText)
    {
        ReadOnlyMemory<byte> json;
        if (Is(ref reader, nameOfText))
        {
            json = Encoding.UTF8.GetBytes(Text(ref reader, nameOfText));
            Expect(!json.IsEmpty);
            return json;
        }

        Value(ref reader, name);
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        json = line[start..(int)reader.BytesConsumed];
        Advance(ref reader);
        return json;
    }

    private static void Advance(ref Utf8JsonReader reader) => Expect(reader.Read());

    private static void Expect(bool condition)
    {
        if (!condition)
        {
            throw new FormatException("a token stands where it should not");
        }
    }
}
