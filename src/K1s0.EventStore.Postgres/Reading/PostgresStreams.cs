using System.Data;
using System.Runtime.CompilerServices;
using K1s0.EventStore.Integrity;
using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres;

/// <summary>Reads streams. Thread-safe.</summary>
internal sealed class PostgresStreams(PostgresDatabase database, StreamHeadCache heads, ArchiveBorder border)
{
    public async Task<IReadOnlyList<EventEnvelope>> LoadAsync(
        StreamId streamId, long fromVersion, long toVersion, CancellationToken cancellationToken)
    {
        var events = await ReadAsync(
            ReadDirection.Forward, streamId, fromVersion, toVersion, int.MaxValue, cancellationToken)
            .ConfigureAwait(false);
        // An event below the highest that was asked for ends the answer: the stream ends there.
        if (events is [.., var last] && last.Version < toVersion)
        {
            heads.Remember(streamId, new KnownHead(last.Version, last.ChainHash));
        }

        return events;
    }

    public Task<List<EventEnvelope>> LoadInAsync(
        NpgsqlTransaction transaction,
        StreamId streamId,
        long fromVersion,
        long toVersion,
        CancellationToken cancellationToken) =>
        ReadAcrossAsync(
            ReadDirection.Forward, streamId, fromVersion, toVersion, int.MaxValue, transaction, cancellationToken);

    public async IAsyncEnumerable<EventEnvelope> ReadPagesAsync(
        StreamId streamId,
        ReadDirection direction,
        StreamVersion? from,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var isForward = direction is ReadDirection.Forward;
        var (low, high) = isForward ? (from?.Value ?? 0, long.MaxValue) : (0, from?.Value ?? long.MaxValue);
        var pageSize = database.Options.PageSize;
        while (true)
        {
            var page = await ReadAsync(direction, streamId, low, high, pageSize, cancellationToken)
                .ConfigureAwait(false);
            foreach (var envelope in page)
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return envelope;
            }

            if (page.Count < pageSize)
            {
                yield break;
            }

            (low, high) = isForward ? (page[^1].Version + 1, high) : (low, page[^1].Version - 1);
        }
    }

    public async Task<StreamHead> GetHeadAsync(StreamId streamId, CancellationToken cancellationToken)
    {
        var rows = await database.QueryAsync(
            "get_head",
            parameters => AddStream(parameters, streamId),
            reader => new StreamHead(
                streamId,
                new StreamVersion(reader.GetInt64(0)),
                reader.GetGuid(1),
                new Sha256Digest(reader.GetFieldValue<byte[]>(2))),
            cancellationToken).ConfigureAwait(false);
        return rows is [var head] ? head : StreamHead.Empty(streamId);
    }

    public async Task<IReadOnlyList<CatalogEntry>> ListAsync(
        StreamId? after, int maxCount, CancellationToken cancellationToken) =>
        await database.QueryAsync(
            "list_streams",
            parameters =>
            {
                Add(after?.AggregateType ?? string.Empty);
                Add(after?.AggregateId ?? string.Empty);
                parameters.Add(new NpgsqlParameter<long> { TypedValue = maxCount });

                void Add(string name) => parameters.Add(
                    new NpgsqlParameter<string> { TypedValue = name, NpgsqlDbType = NpgsqlDbType.Text });
            },
            static reader => new CatalogEntry(
                new StreamHead(
                    new StreamId(reader.GetString(0), reader.GetString(1)),
                    new StreamVersion(reader.GetInt64(2)),
                    reader.GetGuid(3),
                    new Sha256Digest(reader.GetFieldValue<byte[]>(4))),
                reader.GetInt64(5)),
            cancellationToken).ConfigureAwait(false);

    private static void AddStream(NpgsqlParameterCollection parameters, StreamId streamId)
    {
        Add(streamId.AggregateType);
        Add(streamId.AggregateId);

        void Add(string name) =>
            parameters.Add(new NpgsqlParameter<string> { TypedValue = name, NpgsqlDbType = NpgsqlDbType.Text });
    }

    private async Task<List<EventEnvelope>> ReadAsync(
        ReadDirection direction,
        StreamId streamId,
        long fromVersion,
        long toVersion,
        int maxCount,
        CancellationToken cancellationToken)
    {
        if (border.Known == Position.Start)
        {
            try
            {
                return await QueryAsync(
                    direction is ReadDirection.Forward ? "load_stream" : "load_stream_backward",
                    streamId,
                    fromVersion,
                    toVersion,
                    maxCount,
                    null,
                    cancellationToken).ConfigureAwait(false);
            }
            catch (EventsArchivedException e)
            {
                border.Note(e.Through);
            }
        }

        return await ReadAcrossAsync(
            direction, streamId, fromVersion, toVersion, maxCount, null, cancellationToken).ConfigureAwait(false);
    }

    // First the database, then, for what is missing before its first version, the archive: what left the database
    // meanwhile was read there, and what had left it before is in the books.
    private async Task<List<EventEnvelope>> ReadAcrossAsync(
        ReadDirection direction,
        StreamId streamId,
        long fromVersion,
        long toVersion,
        int maxCount,
        NpgsqlTransaction? transaction,
        CancellationToken cancellationToken)
    {
        var isForward = direction is ReadDirection.Forward;
        var events = await QueryAsync(
            isForward ? "load_stream_hot" : "load_stream_hot_backward",
            streamId,
            fromVersion,
            toVersion,
            maxCount,
            transaction,
            cancellationToken).ConfigureAwait(false);
        var low = Math.Max(1, fromVersion);
        var high = events.Count == 0 ? toVersion : Math.Min(events[0].Version, events[^1].Version) - 1;
        if (low > high || (!isForward && events.Count == maxCount))
        {
            return events;
        }

        // A transaction with a snapshot of its own may not see the books as they are.
        var lookup = transaction?.IsolationLevel is IsolationLevel.ReadCommitted or IsolationLevel.ReadUncommitted
            ? transaction
            : null;
        var room = isForward ? maxCount : maxCount - events.Count;
        var archived = await border.ReadStreamAsync(
            streamId, low, high, room, isForward, lookup, cancellationToken).ConfigureAwait(false);
        if (archived.Count == 0)
        {
            return events;
        }

        if (isForward)
        {
            archived.AddRange(events.Take(maxCount - archived.Count));
            return archived;
        }

        events.AddRange(archived);
        return events;
    }

    private Task<List<EventEnvelope>> QueryAsync(
        string statement,
        StreamId streamId,
        long fromVersion,
        long toVersion,
        int maxCount,
        NpgsqlTransaction? transaction,
        CancellationToken cancellationToken) =>
        database.QueryAsync(
            statement,
            parameters =>
            {
                AddStream(parameters, streamId);
                parameters.Add(new NpgsqlParameter<long> { TypedValue = fromVersion });
                parameters.Add(new NpgsqlParameter<long> { TypedValue = toVersion });
                parameters.Add(new NpgsqlParameter<long> { TypedValue = maxCount });
            },
            new EventRow(streamId).Read,
            cancellationToken,
            transaction);
}
