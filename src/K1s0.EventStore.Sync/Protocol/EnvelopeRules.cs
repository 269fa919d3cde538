using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace K1s0.EventStore.Sync;

/// <summary>
/// What every store keeps and gives back. An event that breaks it would be refused by the store of some replica, and
/// stop its log there; so it is refused before it is given a place in a log, and again when it comes from a peer.
/// </summary>
internal static class EnvelopeRules
{
    public const int MaxEventTypeBytes = 255;

    /// <summary>Less than stores keep: a store may put the metadata into its own.</summary>
    public const int MaxJsonDepth = 62;

    public static readonly long EarliestMicroseconds =
        MicrosecondsOf(new DateTimeOffset(1, 1, 2, 0, 0, 0, TimeSpan.Zero));

    public static readonly long LatestMicroseconds =
        MicrosecondsOf(new DateTimeOffset(9999, 1, 1, 0, 0, 0, TimeSpan.Zero));

    /// <summary>Refuses what no peer would take.</summary>
    /// <exception cref="InvalidEventException">The event breaks a rule.</exception>
    public static void Check(EventEnvelope envelope)
    {
        if (Find(envelope) is { } wrong)
        {
            throw new InvalidEventException(envelope.Id, wrong.Reason, wrong.Detail);
        }
    }

    /// <summary>Whether bytes are a name: UTF-8, without control characters, not empty and not too long.</summary>
    public static bool IsName(ReadOnlySpan<byte> utf8, int maxBytes)
    {
        if (utf8.Length == 0 || utf8.Length > maxBytes || !Utf8.IsValid(utf8))
        {
            return false;
        }

        for (var i = 0; i < utf8.Length; i++)
        {
            // Control characters: U+0000 to U+001F, U+007F, and U+0080 to U+009F, which begin with C2.
            if (utf8[i] is < 0x20 or 0x7F || (utf8[i] == 0xC2 && utf8[i + 1] < 0xA0))
            {
                return false;
            }
        }

        return true;
    }

    public static bool IsJson(ReadOnlySpan<byte> utf8)
    {
        if (!Utf8.IsValid(utf8))
        {
            return false;
        }

        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MaxJsonDepth });
        try
        {
            while (reader.Read())
            {
                // Reading is the check.
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static (InvalidEventReason Reason, string Detail)? Find(EventEnvelope envelope)
    {
        var occurredAt = MicrosecondsOf(envelope.OccurredAt);
        var type = Encoding.UTF8.GetBytes(envelope.EventType);
        return envelope.Id == Guid.Empty
                ? (InvalidEventReason.EmptyId, "its id is empty.")
            : !IsName(type, MaxEventTypeBytes) || HasLoneSurrogate(envelope.EventType)
                ? (InvalidEventReason.BadEventType, "its type must be 1 to 255 bytes of UTF-8, no control characters.")
            : envelope.SchemaVersion < 1
                ? (InvalidEventReason.BadSchemaVersion, "its schema version is below 1.")
            : occurredAt < EarliestMicroseconds || occurredAt >= LatestMicroseconds
                ? (InvalidEventReason.BadTime, "OccurredAt is unset or outside of the years 1 to 9998.")
            : envelope.PayloadUtf8.Length > SyncOptions.MaxPayloadBytes
                ? (InvalidEventReason.TooLarge, $"its payload has over {SyncOptions.MaxPayloadBytes} bytes.")
            : envelope.MetadataUtf8.Length > SyncOptions.MaxMetadataBytes
                ? (InvalidEventReason.TooLarge, $"its metadata has over {SyncOptions.MaxMetadataBytes} bytes.")
            : !IsJson(envelope.PayloadUtf8.Span) || !IsJson(envelope.MetadataUtf8.Span)
                ? (InvalidEventReason.NotJson, $"a part is not JSON, or is nested deeper than {MaxJsonDepth}.")
            : null;
    }

    private static bool HasLoneSurrogate(string text) =>
        !string.Equals(Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)), text, StringComparison.Ordinal);

    public static long MicrosecondsOf(DateTimeOffset time) =>
        (time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond;
}
