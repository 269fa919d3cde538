using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace K1s0.EventStore;

/// <summary>
/// An event on its way through the upcasters: a type, a schema version and a payload, which may differ by now from
/// those that are stored. Immutable and thread-safe.
/// </summary>
public sealed class RawEvent
{
    internal static readonly JsonDocumentOptions Parsing = new() { MaxDepth = EventStoreOptions.MaxSupportedJsonDepth };

    private static readonly JsonWriterOptions Writing = new() { MaxDepth = EventStoreOptions.MaxSupportedJsonDepth };

    internal RawEvent(EventEnvelope stored)
        : this(stored, stored.EventType, stored.SchemaVersion, stored.PayloadUtf8)
    {
    }

    private RawEvent(EventEnvelope stored, string eventType, int schemaVersion, ReadOnlyMemory<byte> payloadUtf8) =>
        (Stored, EventType, SchemaVersion, PayloadUtf8) = (stored, eventType, schemaVersion, payloadUtf8);

    /// <summary>The event as it is stored: for its stream, times and metadata.</summary>
    public EventEnvelope Stored { get; }

    /// <summary>The name of the kind of event at this step.</summary>
    public string EventType { get; }

    /// <summary>The version of the payload's shape at this step.</summary>
    public int SchemaVersion { get; }

    /// <summary>The payload at this step, as JSON in UTF-8.</summary>
    public ReadOnlyMemory<byte> PayloadUtf8 { get; }

    /// <summary>The payload at this step, decoded.</summary>
    /// <typeparam name="TPayload">The type of the payload.</typeparam>
    /// <param name="payloadType">How to decode, usually from a <c>JsonSerializerContext</c>.</param>
    /// <exception cref="JsonException">It is not what the type says.</exception>
    public TPayload Read<TPayload>(JsonTypeInfo<TPayload> payloadType) =>
        JsonSerializer.Deserialize(PayloadUtf8.Span, payloadType)
        ?? throw new JsonException("The payload is null.");

    /// <summary>The payload at this step, as a JSON object that may be changed: a copy.</summary>
    /// <exception cref="JsonException">It is not an object.</exception>
    public JsonObject ReadObject() =>
        JsonNode.Parse(PayloadUtf8.Span, nodeOptions: null, Parsing) as JsonObject
        ?? throw new JsonException("The payload is not an object.");

    /// <summary>The same payload under another type or schema version.</summary>
    /// <param name="eventType">The name of the kind of event.</param>
    /// <param name="schemaVersion">1 or more.</param>
    public RawEvent As(string eventType, int schemaVersion)
    {
        ArgumentException.ThrowIfNullOrEmpty(eventType);
        ArgumentOutOfRangeException.ThrowIfLessThan(schemaVersion, 1);
        return new RawEvent(Stored, eventType, schemaVersion, PayloadUtf8);
    }

    /// <summary>Another payload under the same type and schema version.</summary>
    /// <param name="payload">The payload.</param>
    public RawEvent With(JsonNode payload)
    {
        ArgumentNullException.ThrowIfNull(payload);
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, Writing))
        {
            payload.WriteTo(writer);
        }

        return new RawEvent(Stored, EventType, SchemaVersion, buffer.WrittenMemory);
    }

    /// <summary>Another payload under the same type and schema version.</summary>
    /// <typeparam name="TPayload">The type of the payload.</typeparam>
    /// <param name="payload">The payload.</param>
    /// <param name="payloadType">How to serialise it, usually from a <c>JsonSerializerContext</c>.</param>
    public RawEvent With<TPayload>(TPayload payload, JsonTypeInfo<TPayload> payloadType) =>
        new(Stored, EventType, SchemaVersion, JsonSerializer.SerializeToUtf8Bytes(payload, payloadType));
}
