using System.Buffers;
using System.Text.Json;

namespace K1s0.EventStore.Sync;

/// <summary>How a change of a queue stands in a stream of an event store.</summary>
/// <remarks>
/// <code>
/// operation-queued    payload: the operation's, byte for byte
///                     metadata: {"number":n,"at":"...","id":"...","kind":"...","key":"...","absorbed":["...",...],
///                                "sent":true,"failed":n,"dead":"..."}     the last four left out when empty
/// operation-noted     {"number":n,"at":"...","sent":true,"failed":n,"dead":"..."}
/// operation-removed   {"number":n}
/// </code>
/// </remarks>
internal static class StoredQueueChange
{
    private const string Queued = "operation-queued";
    private const string Noted = "operation-noted";
    private const string Removed = "operation-removed";

    public static EventEnvelope Write(QueueChange change, StreamId stream, TimeProvider timeProvider) => change switch
    {
        QueueChange.PutChange put => EventEnvelope.Create(
            stream, Queued, put.Entry.Operation.PayloadUtf8, timeProvider: timeProvider) with
        {
            MetadataUtf8 = Notes(put.Entry, withOperation: true),
        },
        QueueChange.NoteChange note => EventEnvelope.Create(
            stream, Noted, Notes(note.Entry, withOperation: false), timeProvider: timeProvider),
        _ => EventEnvelope.Create(stream, Removed, Number(change.Number), timeProvider: timeProvider),
    };

    /// <exception cref="InvalidFormatException">The event is not what <see cref="Write"/> wrote.</exception>
    public static QueueChange Read(EventEnvelope stored)
    {
        try
        {
            return stored.EventType switch
            {
                Queued => QueueChange.Put(Entry(stored.Metadata, Operation(stored))),
                Noted => QueueChange.Note(Entry(stored.Payload, operation: null!)),
                Removed => QueueChange.Remove(stored.Payload.GetProperty("number").GetInt64()),
                _ => throw new FormatException($"there is no {stored.EventType}."),
            };
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException or ArgumentException)
        {
            throw new InvalidFormatException("queue of operations", $"{stored} cannot be read.", e);
        }
    }

    private static QueuedOperation Operation(EventEnvelope stored)
    {
        var notes = stored.Metadata;
        return new QueuedOperation(
            notes.GetProperty("id").GetGuid(),
            notes.GetProperty("kind").GetString()!,
            notes.GetProperty("key").GetString()!,
            stored.PayloadUtf8,
            notes.TryGetProperty("absorbed", out var absorbed)
                ? [.. absorbed.EnumerateArray().Select(id => id.GetGuid())]
                : []);
    }

    private static QueueEntry Entry(JsonElement notes, QueuedOperation operation) => new(
        notes.GetProperty("number").GetInt64(),
        operation,
        notes.GetProperty("at").GetDateTimeOffset(),
        notes.TryGetProperty("sent", out _),
        notes.TryGetProperty("failed", out var failed) ? failed.GetInt32() : 0,
        notes.TryGetProperty("dead", out var dead) ? dead.GetString() : null);

    private static ReadOnlyMemory<byte> Number(long number) => Json(json => json.WriteNumber("number", number));

    private static ReadOnlyMemory<byte> Notes(QueueEntry entry, bool withOperation) => Json(json =>
    {
        json.WriteNumber("number", entry.Number);
        json.WriteString("at", entry.EnqueuedAt);
        if (withOperation)
        {
            WriteOperation(json, entry.Operation);
        }

        if (entry.WasSent)
        {
            json.WriteBoolean("sent", true);
        }

        if (entry.FailedAttempts > 0)
        {
            json.WriteNumber("failed", entry.FailedAttempts);
        }

        if (entry.DeadReason is not null)
        {
            json.WriteString("dead", entry.DeadReason);
        }
    });

    private static void WriteOperation(Utf8JsonWriter json, QueuedOperation operation)
    {
        json.WriteString("id", operation.Id);
        json.WriteString("kind", operation.Kind);
        json.WriteString("key", operation.Key);
        if (operation.Absorbed.Count > 0)
        {
            json.WriteStartArray("absorbed");
            foreach (var id in operation.Absorbed)
            {
                json.WriteStringValue(id);
            }

            json.WriteEndArray();
        }
    }

    private static ReadOnlyMemory<byte> Json(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }
}
