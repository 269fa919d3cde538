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
/// metadata:
/// {"id":"...","stream":["aggregate type","aggregate id"],"time":n,"previous":"hex",
///  "observed":"...",                                      VectorClock.ToArray in base64; left out when empty
///  "hasContext":true,"context":"...",                     at the first event and every 64th; the context is left out
///                                                         where it is what was observed
///  "isWrapped":true,                                      where clocks take more than 4 KiB
///  "metadata":{...}}                                      the event's own, byte for byte; "metadata64" when it begins
///                                                         or ends with white space
///
/// payload: that of the event; where isWrapped
/// {"observed":"...","context":"...","payload":...}         "payload64" when it begins or ends with white space
///
/// {"dot":["replica",incarnation,sequence],"id":...}      a repair: the place where it stands, and the rest as above
/// {"dot":...,"isBranch":true,"id":...}                   the same, of a branch: stands there when a note says so
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

    // Stores keep less of metadata than of a payload, and an event may name thousands of origins.
    private const int MostClockBytes = 4 * 1024;

    private static ReadOnlySpan<byte> RepairLabel => "k1s0-sync-repair/1"u8;

    public static EventEnvelope Write(DeliveredEvent delivered, StreamId log)
    {
        var context = delivered.Event.Dot.Sequence % ContextEvery == 1 ? delivered.Context : null;
        return Pack(delivered.Event, context, isRepair: false) with
        {
            Id = IdOf(delivered.Event.Hash),
            StreamId = log,
        };
    }

    /// <summary>An event that stands in the place of a damaged one.</summary>
    /// <param name="good">The event.</param>
    /// <param name="repairs">The stream of repairs.</param>
    /// <param name="version">The version that it gets there.</param>
    /// <param name="isBranch">Whether it stands there only when a note says so.</param>
    public static EventEnvelope WriteRepair(SyncEvent good, StreamId repairs, long version, bool isBranch) =>
        Pack(good, context: null, isRepair: true, isBranch) with
        {
            Id = RepairIdOf(good.Hash, version),
            StreamId = repairs,
        };

    /// <summary>The event of a repair.</summary>
    /// <exception cref="InvalidFormatException">It is not what <see cref="WriteRepair"/> wrote.</exception>
    public static SyncEvent ReadRepair(EventEnvelope stored)
    {
        var (good, _) = Parse(stored, at: null);
        return RepairIdOf(good.Hash, stored.Version) == stored.Id
            ? good
            : throw new InvalidFormatException(FormatName, $"{stored} is not the repair that was stored.");
    }

    /// <summary>The same, and whether it is of a branch; null when damaged: the place can be repaired again.</summary>
    public static (SyncEvent Event, bool IsBranch)? TryReadRepair(EventEnvelope stored)
    {
        try
        {
            return (ReadRepair(stored), stored.Metadata.TryGetProperty("isBranch", out _));
        }
        catch (InvalidFormatException)
        {
            return null;
        }
    }

    private static EventEnvelope Pack(
        SyncEvent stored, VectorClock? context, bool isRepair, bool isBranch = false)
    {
        var envelope = stored.Envelope;
        var clocks = new Clocks(
            stored.Observed.Count == 0 ? null : stored.Observed.ToArray(),
            context is null || context.Equals(stored.Observed) ? null : context.ToArray());
        var isWrapped = clocks.Bytes > MostClockBytes;
        return envelope with
        {
            PayloadUtf8 = isWrapped ? Wrap(envelope.PayloadUtf8.Span, clocks) : envelope.PayloadUtf8,
            MetadataUtf8 = ToJson(json =>
            {
                if (isRepair)
                {
                    json.WritePropertyName("dot");
                    WriteDot(json, stored.Dot);
                }

                if (isBranch)
                {
                    json.WriteBoolean("isBranch", true);
                }

                json.WriteString("id", envelope.Id);
                json.WriteStartArray("stream");
                json.WriteStringValue(envelope.StreamId.AggregateType);
                json.WriteStringValue(envelope.StreamId.AggregateId);
                json.WriteEndArray();
                json.WriteNumber("time", stored.Time.Value);
                json.WriteString("previous", stored.Previous.ToString());
                if (context is not null)
                {
                    json.WriteBoolean("hasContext", true);
                }

                if (isWrapped)
                {
                    json.WriteBoolean("isWrapped", true);
                }
                else
                {
                    clocks.Write(json);
                }

                WriteRaw(json, "metadata", "metadata64", envelope.MetadataUtf8.Span);
            }),
        };
    }

    private static ReadOnlyMemory<byte> Wrap(ReadOnlySpan<byte> payload, Clocks clocks)
    {
        var buffer = new ArrayBufferWriter<byte>(payload.Length + (2 * clocks.Bytes));
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            clocks.Write(json);
            WriteRaw(json, "payload", "payload64", payload);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private static ReadOnlyMemory<byte> ToJson(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    /// <summary>The event, and the whole context where it is stored.</summary>
    /// <exception cref="InvalidFormatException">The metadata is not what <see cref="Write"/> wrote.</exception>
    public static (SyncEvent Event, VectorClock? Context) Read(EventEnvelope stored, Origin origin)
    {
        var (read, context) = Parse(stored, new Dot(origin, stored.Version));
        if (IdOf(read.Hash) != stored.Id)
        {
            throw new InvalidFormatException(FormatName, $"{stored} is not the event that was stored.");
        }

        return (read, context);
    }

    private static VectorClock? ReadContext(EventEnvelope stored, VectorClock observed)
    {
        var metadata = stored.Metadata;
        var place = metadata.TryGetProperty("isWrapped", out _) ? stored.Payload : metadata;
        return !metadata.TryGetProperty("hasContext", out _) ? null
            : place.TryGetProperty("context", out var context) ? VectorClock.Decode(context.GetBytesFromBase64())
            : observed;
    }

    // At a place that is known, or that it says itself.
    private static (SyncEvent Event, VectorClock? Context) Parse(EventEnvelope stored, Dot? at)
    {
        try
        {
            var metadata = stored.Metadata;
            var stream = metadata.GetProperty("stream");
            var isWrapped = metadata.TryGetProperty("isWrapped", out _);
            var envelope = new EventEnvelope(
                metadata.GetProperty("id").GetGuid(),
                new StreamId(stream[0].GetString()!, stream[1].GetString()!),
                0,
                stored.EventType,
                isWrapped ? ReadRaw(stored.Payload, "payload", "payload64") : stored.PayloadUtf8,
                ReadRaw(metadata, "metadata", "metadata64"),
                stored.OccurredAt)
            {
                SchemaVersion = stored.SchemaVersion,
            };
            var observed = ReadObserved(isWrapped ? stored.Payload : metadata);
            var read = SyncEvent.Create(
                at ?? ReadDot(metadata.GetProperty("dot")),
                new HybridTime(metadata.GetProperty("time").GetInt64()),
                Sha256Digest.Parse(metadata.GetProperty("previous").GetString()!),
                observed,
                envelope);
            return (read, ReadContext(stored, observed));
        }
        catch (Exception e) when (e is UnsupportedFormatException or JsonException or KeyNotFoundException
            or InvalidOperationException or FormatException or ArgumentException or IndexOutOfRangeException)
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

    private static VectorClock ReadObserved(JsonElement place) =>
        place.TryGetProperty("observed", out var observed)
            ? VectorClock.Decode(observed.GetBytesFromBase64())
            : VectorClock.Empty;

    // A raw value loses white space around it, and with it its digest.
    private static void WriteRaw(Utf8JsonWriter json, string name, string encodedName, ReadOnlySpan<byte> value)
    {
        if (value[0] <= ' ' || value[^1] <= ' ')
        {
            json.WriteBase64String(encodedName, value);
        }
        else
        {
            json.WritePropertyName(name);
            json.WriteRawValue(value, skipInputValidation: true);
        }
    }

    private static ReadOnlyMemory<byte> ReadRaw(JsonElement place, string name, string encodedName) =>
        place.TryGetProperty(encodedName, out var encoded)
            ? encoded.GetBytesFromBase64()
            : JsonMarshal.GetRawUtf8Value(place.GetProperty(name)).ToArray();

    /// <summary>What an event has observed, and its context where that is another; null where it is left out.</summary>
    private sealed class Clocks(byte[]? observed, byte[]? context)
    {
        public int Bytes => (observed?.Length ?? 0) + (context?.Length ?? 0);

        public void Write(Utf8JsonWriter json)
        {
            if (observed is not null)
            {
                json.WriteBase64String("observed", observed);
            }

            if (context is not null)
            {
                json.WriteBase64String("context", context);
            }
        }
    }
}
