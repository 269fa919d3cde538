using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync;

/// <summary>
/// How an event of a log stands in a stream of an event store: the same event, with more in its metadata.
/// </summary>
/// <remarks>
/// <code>
/// id of the stored event    the first 16 bytes of the event's hash, with the version (8) and variant of RFC 9562
///
/// {"id":"...","stream":["aggregate type","aggregate id"],"time":n,"previous":"hex",
///  "observed":[["replica",incarnation,sequence],...],     left out when empty
///  "context":[...],                                       at the first event and every 64th
///  "metadata":{...}}                                      the event's own, byte for byte; "metadata64" when it begins
///                                                         or ends with white space
/// {"dot":["replica",incarnation,sequence],"id":...}      a repair: the place where it stands, and the rest as above
/// id of a repair            SHA-256("k1s0-sync-repair/1" | hash, 32 | version of the stream, 8), cut the same way
/// </code>
/// The application's id is no id here: a replica that lost the end of its log may write an event again, under another
/// dot. As the stored id comes from the hash, an event that was changed in the store is found when it is read.
/// </remarks>
internal static class StoredSyncEvent
{
    /// <summary>
    /// Every so many events the whole context is stored, so that it need not be put together from the start.
    /// </summary>
    public const int ContextEvery = 64;

    private const string FormatName = "stored event of a replica";

    private static ReadOnlySpan<byte> RepairLabel => "k1s0-sync-repair/1"u8;

    public static EventEnvelope Write(DeliveredEvent delivered, StreamId log) => delivered.Event.Envelope with
    {
        Id = IdOf(delivered.Event.Hash),
        StreamId = log,
        MetadataUtf8 = WriteMetadata(
            delivered.Event,
            delivered.Event.Dot.Sequence % ContextEvery == 1 ? delivered.Context : null,
            isRepair: false),
    };

    /// <summary>An event that stands in the place of a damaged one.</summary>
    /// <param name="good">The event.</param>
    /// <param name="repairs">The stream of repairs.</param>
    /// <param name="version">The version that it gets there.</param>
    public static EventEnvelope WriteRepair(SyncEvent good, StreamId repairs, long version) => good.Envelope with
    {
        Id = RepairIdOf(good.Hash, version),
        StreamId = repairs,
        MetadataUtf8 = WriteMetadata(good, context: null, isRepair: true),
    };

    /// <summary>The event of a repair.</summary>
    /// <exception cref="InvalidFormatException">It is not what <see cref="WriteRepair"/> wrote.</exception>
    public static SyncEvent ReadRepair(EventEnvelope stored)
    {
        var good = Parse(stored, at: null);
        return RepairIdOf(good.Hash, stored.Version) == stored.Id
            ? good
            : throw new InvalidFormatException(FormatName, $"{stored} is not the repair that was stored.");
    }

    /// <summary>The same; null when it is damaged itself, so that the place can be repaired again.</summary>
    public static SyncEvent? TryReadRepair(EventEnvelope stored)
    {
        try
        {
            return ReadRepair(stored);
        }
        catch (InvalidFormatException)
        {
            return null;
        }
    }

    private static ReadOnlyMemory<byte> WriteMetadata(SyncEvent stored, VectorClock? context, bool isRepair)
    {
        var envelope = stored.Envelope;
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (isRepair)
            {
                json.WritePropertyName("dot");
                WriteDot(json, stored.Dot);
            }

            json.WriteString("id", envelope.Id);
            json.WriteStartArray("stream");
            json.WriteStringValue(envelope.StreamId.AggregateType);
            json.WriteStringValue(envelope.StreamId.AggregateId);
            json.WriteEndArray();
            json.WriteNumber("time", stored.Time.Value);
            json.WriteString("previous", stored.Previous.ToString());
            WriteClock(json, "observed", stored.Observed);
            if (context is not null)
            {
                json.WriteBoolean("hasContext", true);
                WriteClock(json, "context", context);
            }

            WriteMetadata(json, envelope.MetadataUtf8.Span);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    /// <summary>The event, and the whole context where it is stored.</summary>
    /// <exception cref="InvalidFormatException">The metadata is not what <see cref="Write"/> wrote.</exception>
    public static (SyncEvent Event, VectorClock? Context) Read(EventEnvelope stored, Origin origin)
    {
        var read = Parse(stored, new Dot(origin, stored.Version));
        if (IdOf(read.Hash) != stored.Id)
        {
            throw new InvalidFormatException(FormatName, $"{stored} is not the event that was stored.");
        }

        var metadata = stored.Metadata;
        return (read, metadata.TryGetProperty("hasContext", out _) ? ReadClock(metadata, "context") : null);
    }

    // At a place that is known, or that it says itself.
    private static SyncEvent Parse(EventEnvelope stored, Dot? at)
    {
        try
        {
            var metadata = stored.Metadata;
            var stream = metadata.GetProperty("stream");
            var envelope = new EventEnvelope(
                metadata.GetProperty("id").GetGuid(),
                new StreamId(stream[0].GetString()!, stream[1].GetString()!),
                0,
                stored.EventType,
                stored.PayloadUtf8,
                ReadMetadata(metadata),
                stored.OccurredAt)
            {
                SchemaVersion = stored.SchemaVersion,
            };
            return SyncEvent.Create(
                at ?? ReadDot(metadata.GetProperty("dot")),
                new HybridTime(metadata.GetProperty("time").GetInt64()),
                Sha256Digest.Parse(metadata.GetProperty("previous").GetString()!),
                ReadClock(metadata, "observed"),
                envelope);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException or ArgumentException or IndexOutOfRangeException)
        {
            throw new InvalidFormatException(FormatName, $"{stored} cannot be read.", e);
        }
    }

    private static Guid RepairIdOf(Sha256Digest hash, long version)
    {
        Span<byte> bytes = stackalloc byte[RepairLabel.Length + Sha256Digest.Length + sizeof(long)];
        RepairLabel.CopyTo(bytes);
        hash.CopyTo(bytes[RepairLabel.Length..]);
        BinaryPrimitives.WriteInt64BigEndian(bytes[(RepairLabel.Length + Sha256Digest.Length)..], version);
        return IdOf(Sha256Digest.Of(bytes));
    }

    private static Guid IdOf(Sha256Digest hash)
    {
        Span<byte> bytes = stackalloc byte[Sha256Digest.Length];
        hash.CopyTo(bytes);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x80);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes[..16], bigEndian: true);
    }

    private static void WriteClock(Utf8JsonWriter json, string name, VectorClock clock)
    {
        if (clock.Count == 0)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (var dot in clock.Entries)
        {
            WriteDot(json, dot);
        }

        json.WriteEndArray();
    }

    private static void WriteDot(Utf8JsonWriter json, Dot dot)
    {
        json.WriteStartArray();
        json.WriteStringValue(dot.Origin.Replica.ToString());
        json.WriteNumberValue(dot.Origin.Incarnation);
        json.WriteNumberValue(dot.Sequence);
        json.WriteEndArray();
    }

    private static Dot ReadDot(JsonElement entry) =>
        new(new Origin(ReplicaId.Parse(entry[0].GetString()!), entry[1].GetUInt64()), entry[2].GetInt64());

    private static VectorClock ReadClock(JsonElement metadata, string name) =>
        metadata.TryGetProperty(name, out var entries)
            ? VectorClock.Of(
            [
                .. entries.EnumerateArray().Select(ReadDot),
            ])
            : VectorClock.Empty;

    // A raw value loses white space around it, and with it its digest.
    private static void WriteMetadata(Utf8JsonWriter json, ReadOnlySpan<byte> metadata)
    {
        if (metadata[0] <= ' ' || metadata[^1] <= ' ')
        {
            json.WriteBase64String("metadata64", metadata);
        }
        else
        {
            json.WritePropertyName("metadata");
            json.WriteRawValue(metadata, skipInputValidation: true);
        }
    }

    private static ReadOnlyMemory<byte> ReadMetadata(JsonElement metadata) =>
        metadata.TryGetProperty("metadata64", out var encoded)
            ? encoded.GetBytesFromBase64()
            : JsonMarshal.GetRawUtf8Value(metadata.GetProperty("metadata")).ToArray();
}
