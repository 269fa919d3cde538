using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace K1s0.EventStore.Tests;

/// <summary>An event in the JSON that tests/interop/verify.py reads: the fields that are proved, payload in hex.</summary>
internal static class ExportedEvent
{
    public static JsonObject Write(EventEnvelope envelope) => new()
    {
        ["eventId"] = envelope.Id.ToString(),
        ["aggregateType"] = envelope.StreamId.AggregateType,
        ["aggregateId"] = envelope.StreamId.AggregateId,
        ["version"] = envelope.Version,
        ["eventType"] = envelope.EventType,
        ["schemaVersion"] = envelope.SchemaVersion,
        ["occurredAt"] = Time(envelope.OccurredAt),
        ["recordedAt"] = Time(envelope.RecordedAt),
        ["metadataHex"] = Convert.ToHexStringLower(envelope.MetadataUtf8.Span),
        ["payloadHex"] = Convert.ToHexStringLower(envelope.PayloadUtf8.Span),
    };

    public static EventEnvelope Read(JsonElement json) =>
        new(
            json.GetProperty("eventId").GetGuid(),
            new StreamId(Text(json, "aggregateType"), Text(json, "aggregateId")),
            json.GetProperty("version").GetInt64(),
            Text(json, "eventType"),
            Convert.FromHexString(Text(json, "payloadHex")),
            Convert.FromHexString(Text(json, "metadataHex")),
            json.GetProperty("occurredAt").GetDateTimeOffset())
        {
            SchemaVersion = json.GetProperty("schemaVersion").GetInt32(),
            RecordedAt = json.GetProperty("recordedAt").GetDateTimeOffset(),
        };

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;

    private static string Time(DateTimeOffset time) =>
        time.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffffzzz", CultureInfo.InvariantCulture);
}
