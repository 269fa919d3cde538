using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace K1s0.EventStore;

/// <summary>Refuses at append what could not be kept, or could not be read back.</summary>
internal static class EventValidation
{
    private const int MaxEventTypeBytes = 255;

    private static readonly DateTimeOffset Earliest = new(1, 1, 2, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Latest = new(9999, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly UTF8Encoding StrictUtf8 = new(
        encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static void Check(EventEnvelope envelope, EventStoreOptions options)
    {
        if (envelope.Id == Guid.Empty)
        {
            throw Refused(envelope, InvalidEventReason.EmptyId, "its id is empty.");
        }

        if (!IsGoodName(envelope.EventType))
        {
            throw Refused(
                envelope,
                InvalidEventReason.BadEventType,
                $"its type must be 1 to {MaxEventTypeBytes} bytes of UTF-8 without control characters and lone "
                + "surrogates.");
        }

        if (envelope.SchemaVersion < 1)
        {
            throw Refused(envelope, InvalidEventReason.BadSchemaVersion, "its schema version is below 1.");
        }

        if (envelope.OccurredAt < Earliest || envelope.OccurredAt >= Latest)
        {
            throw Refused(
                envelope, InvalidEventReason.BadTime, "OccurredAt is unset or outside of the years 1 to 9998.");
        }

        CheckJson(envelope, envelope.PayloadUtf8, options.MaxPayloadBytes, options.MaxJsonDepth, "payload");
        CheckJson(envelope, envelope.MetadataUtf8, options.MaxMetadataBytes, options.MaxJsonDepth, "metadata");
    }

    private static bool IsGoodName(string? name)
    {
        try
        {
            return name is { Length: > 0 }
                && !name.Any(char.IsControl)
                && StrictUtf8.GetByteCount(name) <= MaxEventTypeBytes;
        }
        catch (EncoderFallbackException)
        {
            return false;
        }
    }

    private static void CheckJson(
        EventEnvelope envelope, ReadOnlyMemory<byte> json, int maxBytes, int maxDepth, string what)
    {
        if (json.Length > maxBytes)
        {
            throw Refused(
                envelope, InvalidEventReason.TooLarge, $"its {what} has {json.Length} bytes, the limit is {maxBytes}.");
        }

        if (!Utf8.IsValid(json.Span))
        {
            throw Refused(envelope, InvalidEventReason.NotJson, $"its {what} is not UTF-8.");
        }

        // One level more than the limit for the parser, so that the limit is always noticed here and the parser's
        // complaints are about mistakes only.
        var limit = Math.Min(maxDepth, EventStoreOptions.MaxSupportedJsonDepth);
        var reader = new Utf8JsonReader(json.Span, new JsonReaderOptions { MaxDepth = limit + 1 });
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray
                    && reader.CurrentDepth >= limit)
                {
                    throw Refused(
                        envelope,
                        InvalidEventReason.TooDeep,
                        $"its {what} is nested deeper than {limit} (EventStoreOptions.MaxJsonDepth).");
                }
            }
        }
        catch (JsonException e)
        {
            throw new InvalidEventException(envelope.Id, InvalidEventReason.NotJson, $"its {what} is not JSON.", e);
        }
    }

    private static InvalidEventException Refused(EventEnvelope envelope, InvalidEventReason reason, string detail) =>
        new(envelope.Id, reason, detail);
}
