using System.Runtime.InteropServices;
using K1s0.EventStore.Integrity;
using Microsoft.Data.Sqlite;

namespace K1s0.EventStore.Sqlite;

/// <summary>
/// Writes appends inside a transaction that holds the write lock: what it reads of a stream cannot change before the
/// commit. Leaves the rows to the caller's savepoint when it throws.
/// </summary>
internal static class AppendWriter
{
    /// <summary>Stores the appends, or finds that they are stored.</summary>
    /// <exception cref="ConcurrencyException">A stream is at another version.</exception>
    /// <exception cref="EventIdReusedException">An id is stored with other content or in another place.</exception>
    public static AppendResult[] Append(
        SqliteSession session, IReadOnlyList<ValidatedAppend> appends, long recordedAt)
    {
        var heads = new StreamRow[appends.Count];
        for (var i = 0; i < heads.Length; i++)
        {
            heads[i] = FindHead(session, appends[i].StreamId);
            if (!appends[i].Expected.Accepts(heads[i].Head.Version))
            {
                return RepeatedAppends.Find(session, appends);
            }
        }

        try
        {
            var results = new AppendResult[appends.Count];
            for (var i = 0; i < results.Length; i++)
            {
                results[i] = Store(session, appends[i], heads[i], recordedAt);
            }

            return results;
        }
        catch (SqliteException e) when (SqliteErrors.IsConstraint(e))
        {
            // An id is stored already. Asking before every insert would cost each append what only repetitions need.
            session.Execute("undo_savepoint");
            return RepeatedAppends.Find(session, appends, e);
        }
    }

    public static StreamRow FindHead(SqliteSession session, StreamId streamId) =>
        session.Query(
            "get_head",
            row => new StreamRow(
                row.Number(0),
                new StreamHead(streamId, new StreamVersion(row.Number(1)), row.Id(2), row.Digest(3))),
            streamId.AggregateType,
            streamId.AggregateId) is [var found]
            ? found
            : new StreamRow(null, StreamHead.Empty(streamId));

    private static AppendResult Store(
        SqliteSession session, ValidatedAppend append, StreamRow stream, long recordedAt)
    {
        var links = Links(append, stream.Head);
        var version = stream.Head.Version.Value;
        var key = MoveHead(session, append, stream, version + links.Length, links[^1]);
        var previous = stream.Head.LastEventId;
        Position first = default;
        Position last = default;
        for (var i = 0; i < links.Length; i++)
        {
            var envelope = append.Events[i];
            last = new Position(session.Number(
                "insert_event",
                key,
                version + 1 + i,
                envelope.SchemaVersion,
                UnixMicroseconds.Floor(envelope.OccurredAt),
                recordedAt,
                Bytes(envelope.Id),
                previous == Guid.Empty ? null : Bytes(previous),
                append.ContentDigests[i].ToArray(),
                links[i].ToArray(),
                envelope.EventType,
                Bytes(envelope.MetadataUtf8),
                Bytes(envelope.PayloadUtf8)));
            first = i == 0 ? last : first;
            previous = envelope.Id;
        }

        return new AppendResult
        {
            StreamId = append.StreamId,
            Version = new StreamVersion(version + links.Length),
            FirstPosition = first,
            LastPosition = last,
            RecordedAt = UnixMicroseconds.ToTime(recordedAt),
        };
    }

    private static Sha256Digest[] Links(ValidatedAppend append, StreamHead head)
    {
        var tag = StreamChain.Tag(append.StreamId);
        var links = new Sha256Digest[append.Events.Count];
        var hash = head.ChainHash;
        for (var i = 0; i < links.Length; i++)
        {
            links[i] = hash = StreamChain.Next(tag, head.Version.Value + 1 + i, hash, append.ContentDigests[i]);
        }

        return links;
    }

    private static long MoveHead(
        SqliteSession session, ValidatedAppend append, StreamRow stream, long version, Sha256Digest hash)
    {
        var lastId = Bytes(append.Events[^1].Id);
        if (stream.Key is { } key)
        {
            session.Execute("move_head", key, version, hash.ToArray(), lastId);
            return key;
        }

        return session.Number(
            "insert_stream",
            append.StreamId.AggregateType,
            append.StreamId.AggregateId,
            version,
            hash.ToArray(),
            lastId);
    }

    private static byte[] Bytes(Guid id) => id.ToByteArray(bigEndian: true);

    // The driver takes arrays. Most callers hand in whole ones.
    private static byte[] Bytes(ReadOnlyMemory<byte> memory) =>
        MemoryMarshal.TryGetArray(memory, out var segment)
        && segment is { Offset: 0, Array: { } array } && segment.Count == array.Length
            ? array
            : memory.ToArray();
}
