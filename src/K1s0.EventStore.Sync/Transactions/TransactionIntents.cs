using System.Buffers;
using System.Text.Json;

namespace K1s0.EventStore.Sync;

/// <summary>How the work of a participant stands in the stream of its intents.</summary>
/// <remarks>
/// <code>
/// prepared     {"coordinator":"...","participants":["...",...],
///               "streams":[["aggregate type","aggregate id",number of events,version or -1 any or -2 exists],...]}
/// intent       one for each event, in that order: its type, schema version, time and payload, under another id
///              metadata {"id":"...","metadata":"base64"}
/// </code>
/// </remarks>
internal static class TransactionIntents
{
    private const int AnyVersion = -1;
    private const int MustExist = -2;

    public static StreamAppend Write(StreamId stream, PreparedWork work, TimeProvider timeProvider)
    {
        var header = TransactionStreams.Append(
            stream, TransactionStreams.Prepared, timeProvider, write: json => WriteHeader(json, work));
        var intents = work.Appends.SelectMany(append => append.Events).Select(one => one with
        {
            Id = Guid.CreateVersion7(timeProvider.GetUtcNow()),
            StreamId = stream,
            MetadataUtf8 = Metadata(one),
        });
        return new StreamAppend(stream, [.. header.Events, .. intents], ExpectedVersion.NoStream);
    }

    /// <exception cref="InvalidFormatException">The stream is not what <see cref="Write"/> wrote.</exception>
    public static PreparedWork Read(Guid id, IReadOnlyList<EventEnvelope> stored)
    {
        try
        {
            var (header, next) = (stored[0].Payload, 1);
            var appends = new List<StreamAppend>();
            foreach (var stream in header.GetProperty("streams").EnumerateArray())
            {
                var streamId = new StreamId(stream[0].GetString()!, stream[1].GetString()!);
                var count = stream[2].GetInt32();
                appends.Add(new StreamAppend(
                    streamId,
                    [.. stored.Skip(next).Take(count).Select(intent => ReadEvent(intent, streamId))],
                    ReadExpected(stream[3].GetInt64())));
                next += count;
            }

            return new PreparedWork(
                id,
                header.GetProperty("coordinator").GetString()!,
                [.. header.GetProperty("participants").EnumerateArray().Select(name => name.GetString()!)],
                appends);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException or ArgumentException or IndexOutOfRangeException)
        {
            throw new InvalidFormatException("prepared transaction", $"{id} cannot be read.", e);
        }
    }

    private static void WriteHeader(Utf8JsonWriter json, PreparedWork work)
    {
        json.WriteString("coordinator", work.Coordinator);
        json.WriteStartArray("participants");
        foreach (var name in work.Participants)
        {
            json.WriteStringValue(name);
        }

        json.WriteEndArray();
        json.WriteStartArray("streams");
        foreach (var append in work.Appends)
        {
            json.WriteStartArray();
            json.WriteStringValue(append.StreamId.AggregateType);
            json.WriteStringValue(append.StreamId.AggregateId);
            json.WriteNumberValue(append.Events.Count);
            json.WriteNumberValue(
                append.Expected.ExactVersion?.Value ?? (append.Expected.MustExist ? MustExist : AnyVersion));
            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

    private static ExpectedVersion ReadExpected(long value) => value switch
    {
        AnyVersion => ExpectedVersion.Any,
        MustExist => ExpectedVersion.StreamExists,
        _ => ExpectedVersion.Exactly(new StreamVersion(value)),
    };

    private static EventEnvelope ReadEvent(EventEnvelope intent, StreamId stream) => new(
        intent.Metadata.GetProperty("id").GetGuid(),
        stream,
        0,
        intent.EventType,
        intent.PayloadUtf8,
        intent.Metadata.GetProperty("metadata").GetBytesFromBase64(),
        intent.OccurredAt)
    {
        SchemaVersion = intent.SchemaVersion,
    };

    private static ReadOnlyMemory<byte> Metadata(EventEnvelope one)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("id", one.Id);
            json.WriteBase64String("metadata", one.MetadataUtf8.Span);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }
}
