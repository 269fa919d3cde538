using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace K1s0.EventStore;

/// <summary>A kind of event as it is written today.</summary>
internal abstract class EventType(string name, int schemaVersion, Type payloadType)
{
    public string Name => name;

    public int SchemaVersion => schemaVersion;

    public Type PayloadType => payloadType;

    public abstract byte[] Serialize(object payload);

    public abstract object Deserialize(ReadOnlySpan<byte> payloadUtf8);
}

/// <summary>The same, with the code that turns the payload into JSON and back.</summary>
internal sealed class EventType<TPayload>(string name, int schemaVersion, JsonTypeInfo<TPayload> typeInfo)
    : EventType(name, schemaVersion, typeof(TPayload))
    where TPayload : notnull
{
    public override byte[] Serialize(object payload) =>
        JsonSerializer.SerializeToUtf8Bytes((TPayload)payload, typeInfo);

    public override object Deserialize(ReadOnlySpan<byte> payloadUtf8) =>
        JsonSerializer.Deserialize(payloadUtf8, typeInfo) ?? throw new JsonException("The payload is null.");
}
