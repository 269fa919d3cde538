using K1s0.EventStore.Integrity;
using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Turns rows into envelopes; one reader for one result. Rows of one stream share one <see cref="StreamId"/>, and rows
/// of one type that follow each other its name.
/// </summary>
/// <param name="asked">The stream whose events were asked for; null for the feed.</param>
internal sealed class EventRow(StreamId? asked = null)
{
    private const int MaxSharedStreams = 1_000;

    private readonly Dictionary<string, StreamId> _streamIds = new(StringComparer.Ordinal);
    private readonly byte[] _digest = new byte[Sha256Digest.Length];
    private string? _eventType;

    // The columns of every statement that reads events, in their order.
    private enum Column
    {
        StreamType,
        StreamId,
        Version,
        Position,
        EventId,
        EventType,
        SchemaVersion,
        OccurredAt,
        RecordedAt,
        PreviousEventId,
        ContentDigest,
        ChainHash,
        Metadata,
        Payload,
    }

    /// <summary>The event of a row.</summary>
    /// <exception cref="EventUnreadableException">The row is no event.</exception>
    public EventEnvelope Read(NpgsqlDataReader reader)
    {
        try
        {
            return ReadEvent(reader);
        }
        catch (Exception e) when (EventUnreadableException.IsBlameOfContent(e))
        {
            throw new EventUnreadableException(
                new Position(reader.GetInt64((int)Column.Position)), ReadRecordedAt(reader), e);
        }
    }

    // Of a row that is no event, the time may be what is wrong.
    private static DateTimeOffset ReadRecordedAt(NpgsqlDataReader reader)
    {
        try
        {
            return ReadTime(reader, Column.RecordedAt);
        }
        catch (Exception e) when (EventUnreadableException.IsBlameOfContent(e))
        {
            return default;
        }
    }

    private EventEnvelope ReadEvent(NpgsqlDataReader reader) =>
        new(
            reader.GetGuid((int)Column.EventId),
            ReadStreamId(reader),
            reader.GetInt64((int)Column.Version),
            ReadEventType(reader),
            (ReadOnlyMemory<byte>)reader.GetFieldValue<byte[]>((int)Column.Payload),
            (ReadOnlyMemory<byte>)reader.GetFieldValue<byte[]>((int)Column.Metadata),
            ReadTime(reader, Column.OccurredAt))
        {
            SchemaVersion = reader.GetInt32((int)Column.SchemaVersion),
            Position = new Position(reader.GetInt64((int)Column.Position)),
            RecordedAt = ReadTime(reader, Column.RecordedAt),
            PreviousEventId = reader.IsDBNull((int)Column.PreviousEventId)
                ? Guid.Empty
                : reader.GetGuid((int)Column.PreviousEventId),
            ContentDigest = ReadDigest(reader, Column.ContentDigest),
            ChainHash = ReadDigest(reader, Column.ChainHash),
        };

    private static DateTimeOffset ReadTime(NpgsqlDataReader reader, Column column) =>
        new(reader.GetDateTime((int)column), TimeSpan.Zero);

    private StreamId ReadStreamId(NpgsqlDataReader reader)
    {
        if (asked is null)
        {
            return Shared(reader.GetString((int)Column.StreamType), reader.GetString((int)Column.StreamId));
        }

        // A name that is as it should be is not sent.
        var (hasType, hasId) = (reader.IsDBNull((int)Column.StreamType), reader.IsDBNull((int)Column.StreamId));
        return hasType && hasId
            ? asked
            : Shared(
                hasType ? asked.AggregateType : reader.GetString((int)Column.StreamType),
                hasId ? asked.AggregateId : reader.GetString((int)Column.StreamId));
    }

    private StreamId Shared(string type, string id)
    {
        if (_streamIds.TryGetValue(id, out var known)
            && string.Equals(known.AggregateType, type, StringComparison.Ordinal))
        {
            return known;
        }

        if (_streamIds.Count == MaxSharedStreams)
        {
            _streamIds.Clear();
        }

        return _streamIds[id] = new StreamId(type, id);
    }

    private string ReadEventType(NpgsqlDataReader reader)
    {
        var type = reader.GetString((int)Column.EventType);
        return _eventType is { } last && string.Equals(type, last, StringComparison.Ordinal) ? last : _eventType = type;
    }

    private Sha256Digest ReadDigest(NpgsqlDataReader reader, Column column) =>
        reader.GetBytes((int)column, 0, _digest, 0, _digest.Length) == _digest.Length
            ? new Sha256Digest(_digest)
            : throw new StoreOperationException(
                $"A stored {column} does not have {Sha256Digest.Length} bytes.", new InvalidDataException());
}
