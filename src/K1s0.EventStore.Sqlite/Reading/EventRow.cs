namespace K1s0.EventStore.Sqlite;

/// <summary>
/// Turns rows into envelopes; one reader for one result. Stream names that follow each other share one
/// <see cref="StreamId"/>, and so do event types.
/// </summary>
internal sealed class EventRow
{
    private StreamId? _streamId;
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
    public EventEnvelope Read(SqliteRow row)
    {
        try
        {
            return ReadEvent(row);
        }
        catch (Exception e) when (EventUnreadableException.IsBlameOfContent(e))
        {
            throw new EventUnreadableException(
                new Position(row.Number((int)Column.Position)), ReadRecordedAt(row), e);
        }
    }

    // Of a row that is no event, the time may be what is wrong.
    private static DateTimeOffset ReadRecordedAt(SqliteRow row)
    {
        try
        {
            return row.Time((int)Column.RecordedAt);
        }
        catch (ArgumentOutOfRangeException)
        {
            return default;
        }
    }

    private EventEnvelope ReadEvent(SqliteRow row) =>
        new(
            row.Id((int)Column.EventId),
            ReadStreamId(row),
            row.Number((int)Column.Version),
            ReadEventType(row),
            (ReadOnlyMemory<byte>)row.Bytes((int)Column.Payload).ToArray(),
            (ReadOnlyMemory<byte>)row.Bytes((int)Column.Metadata).ToArray(),
            row.Time((int)Column.OccurredAt))
        {
            SchemaVersion = (int)row.Number((int)Column.SchemaVersion),
            Position = new Position(row.Number((int)Column.Position)),
            RecordedAt = row.Time((int)Column.RecordedAt),
            PreviousEventId = row.Id((int)Column.PreviousEventId),
            ContentDigest = row.Digest((int)Column.ContentDigest),
            ChainHash = row.Digest((int)Column.ChainHash),
        };

    private StreamId ReadStreamId(SqliteRow row)
    {
        var (type, id) = (row.Text((int)Column.StreamType), row.Text((int)Column.StreamId));
        return _streamId is { } last
            && string.Equals(last.AggregateId, id, StringComparison.Ordinal)
            && string.Equals(last.AggregateType, type, StringComparison.Ordinal)
                ? last
                : _streamId = new StreamId(type, id);
    }

    private string ReadEventType(SqliteRow row)
    {
        var type = row.Text((int)Column.EventType);
        return _eventType is { } last && string.Equals(type, last, StringComparison.Ordinal) ? last : _eventType = type;
    }
}
