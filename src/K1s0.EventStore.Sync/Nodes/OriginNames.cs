using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace K1s0.EventStore.Sync;

/// <summary>How origins are named in an event store.</summary>
internal static class OriginNames
{
    /// <summary>The stream of an origin's log.</summary>
    public static StreamId Log(Origin origin) => new(
        "k1s0-sync-log", string.Create(CultureInfo.InvariantCulture, $"{origin.Replica}-{origin.Incarnation}"));

    /// <summary>The stream of a log that begins behind an event, or with its first where that is 0.</summary>
    public static StreamId Log(Origin origin, long before) => before == 0 ? Log(origin) : new(
        "k1s0-sync-log",
        string.Create(CultureInfo.InvariantCulture, $"{origin.Replica}-{origin.Incarnation}-{before}"));

    /// <summary>A payload that names an origin, and more when something is to be added.</summary>
    public static ReadOnlyMemory<byte> Note(Origin origin, Action<Utf8JsonWriter>? add = null)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartArray("origin");
            json.WriteStringValue(origin.Replica.ToString());
            json.WriteNumberValue(origin.Incarnation);
            json.WriteEndArray();
            add?.Invoke(json);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    /// <summary>The origin that a note names; null when the note is damaged.</summary>
    public static Origin? TryRead(EventEnvelope note)
    {
        try
        {
            var named = note.Payload.GetProperty("origin");
            return new Origin(ReplicaId.Parse(named[0].GetString()!), named[1].GetUInt64());
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException or ArgumentException or OverflowException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    /// <summary>A text beside it; empty when there is none.</summary>
    public static string ReadText(EventEnvelope note, string name) =>
        note.Payload.TryGetProperty(name, out var text) && text.ValueKind is JsonValueKind.String
            ? text.GetString()!
            : string.Empty;
}
