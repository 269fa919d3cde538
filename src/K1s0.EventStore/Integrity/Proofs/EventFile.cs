using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace K1s0.EventStore.Integrity;

/// <summary>
/// One event in a file of its own, to be handed out with its <see cref="EventProof"/>: all that the proof covers, in a
/// form that any language reads. Version 1. Stateless.
/// </summary>
/// <remarks>
/// <code>
/// a JSON object in UTF-8
///
///  formatVersion              1
///  eventId                    UUID, 8-4-4-4-12 digits
///  aggregateType, aggregateId the stream
///  version                    the place in the stream, from 1
///  eventType, schemaVersion
///  occurredAt, recordedAt     ISO 8601 with six decimals and offset: 2026-01-02T03:04:05.678901+00:00
///  metadataHex, payloadHex    the exact bytes, two hexadecimal digits each
/// </code>
/// Files are named <c>*.event.json</c>. Readers ignore members that they do not know.
/// </remarks>
public static class EventFile
{
    private const string FormatName = "event file";
    private const byte FormatVersion = 1;
    private const string VersionMember = "formatVersion";

    // Escapes only what JSON asks for: people read the file too.
    private static readonly JsonWriterOptions Indented = new()
    {
        Indented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The bytes of the file.</summary>
    /// <param name="envelope">An event that a store returned.</param>
    public static byte[] ToUtf8(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Indented))
        {
            json.WriteStartObject();
            json.WriteNumber(VersionMember, FormatVersion);
            json.WriteString("eventId", envelope.Id);
            json.WriteString("aggregateType", envelope.StreamId.AggregateType);
            json.WriteString("aggregateId", envelope.StreamId.AggregateId);
            json.WriteNumber("version", envelope.Version);
            json.WriteString("eventType", envelope.EventType);
            json.WriteNumber("schemaVersion", envelope.SchemaVersion);
            json.WriteString("occurredAt", Time(envelope.OccurredAt));
            json.WriteString("recordedAt", Time(envelope.RecordedAt));
            json.WriteString("metadataHex", Convert.ToHexStringLower(envelope.MetadataUtf8.Span));
            json.WriteString("payloadHex", Convert.ToHexStringLower(envelope.PayloadUtf8.Span));
            json.WriteEndObject();
        }

        return [.. buffer.WrittenSpan, (byte)'\n'];
    }

    /// <summary>Reads a file. Nothing is verified yet; digests and links are not part of it.</summary>
    /// <param name="utf8">The bytes of the file.</param>
    /// <exception cref="InvalidFormatException">It is no event.</exception>
    /// <exception cref="UnsupportedFormatException">It is of another version.</exception>
    public static EventEnvelope Parse(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8);
            var json = document.RootElement;
            var version = json.GetProperty(VersionMember).GetByte();
            return version == FormatVersion
                ? Read(json)
                : throw new UnsupportedFormatException(FormatName, version, FormatVersion);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or FormatException
            or InvalidOperationException or ArgumentException)
        {
            throw new InvalidFormatException(FormatName, e.Message);
        }
    }

    private static EventEnvelope Read(JsonElement json) =>
        new(
            json.GetProperty("eventId").GetGuid(),
            new StreamId(Text(json, "aggregateType"), Text(json, "aggregateId")),
            json.GetProperty("version").GetInt64(),
            Text(json, "eventType"),
            (ReadOnlyMemory<byte>)Convert.FromHexString(Text(json, "payloadHex")),
            (ReadOnlyMemory<byte>)Convert.FromHexString(Text(json, "metadataHex")),
            json.GetProperty("occurredAt").GetDateTimeOffset())
        {
            SchemaVersion = json.GetProperty("schemaVersion").GetInt32(),
            RecordedAt = json.GetProperty("recordedAt").GetDateTimeOffset(),
        };

    private static string Text(JsonElement json, string name) =>
        json.GetProperty(name).GetString() ?? throw new FormatException($"{name} is null.");

    private static string Time(DateTimeOffset time) =>
        time.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffffzzz", CultureInfo.InvariantCulture);
}
