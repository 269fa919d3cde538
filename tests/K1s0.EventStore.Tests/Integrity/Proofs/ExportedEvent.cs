using System.Text.Json;
using System.Text.Json.Nodes;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

/// <summary>An event in the JSON that tests/interop/verify.py reads, as a tree that tests can change.</summary>
internal static class ExportedEvent
{
    public static JsonObject Write(EventEnvelope envelope) =>
        JsonNode.Parse(EventFile.ToUtf8(envelope))!.AsObject();

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
}
