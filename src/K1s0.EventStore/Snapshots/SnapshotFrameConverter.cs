using System.Text.Json;
using System.Text.Json.Serialization;

namespace K1s0.EventStore;

/// <summary>A frame as text in base64, for snapshot stores that write every state as JSON.</summary>
internal sealed class SnapshotFrameConverter : JsonConverter<SnapshotFrame>
{
    public override SnapshotFrame Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        try
        {
            return SnapshotFrame.Parse(
                reader.TokenType is JsonTokenType.String && reader.TryGetBytesFromBase64(out var bytes) ? bytes : []);
        }
        catch (EventStoreException e)
        {
            throw new JsonException(e.Message, e);
        }
    }

    public override void Write(Utf8JsonWriter writer, SnapshotFrame value, JsonSerializerOptions options) =>
        writer.WriteBase64StringValue(value.ToBytes());
}
