using System.Runtime.CompilerServices;
using K1s0.EventStore.Integrity;
using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres;

/// <summary>Reads streams. Thread-safe.</summary>
internal sealed class PostgresStreams(PostgresDatabase database, StreamHeadCache heads)
{
    public async Task<IReadOnlyList<EventEnvelope>> LoadAsync(
        StreamId streamId, long fromVersion, long toVersion, CancellationToken cancellationToken)
    {
        var events = await ReadRangeAsync(streamId, fromVersion, toVersion, null, cancellationToken)
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
        ReadRangeAsync(streamId, fromVersion, toVersion, transaction, cancellationToken);

    /// <summary>Reads from one end to the other, a page at a time.</summary>
    /// <remarks>
    /// The server may sort all that is left to find the first page of it. Behind a full page the next one is asked for by
    /// its versions, so that the work grows with the length of the stream and not with its square. One that is not
    /// full ends the stream, or lies over a gap that somebody has made: what is left is asked for once more.
    /// </remarks>
    public async IAsyncEnumerable<EventEnvelope> ReadPagesAsync(
        StreamId streamId,
        ReadDirection direction,
        StreamVersion? from,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var isForward = direction is ReadDirection.Forward;
        var (low, high) = isForward ? (from?.Value ?? 0, long.MaxValue) : (0, from?.Value ?? long.MaxValue);
        var pageSize = database.Options.PageSize;
        var isBehindFullPage = false;
        while (low <= high)
        {
            var (first, last) = (isBehindFullPage, isForward) switch
            {
                (false, _) => (low, high),
                (true, true) => (low, Math.Min(high, low + pageSize - 1)),
                (true, false) => (Math.Max(low, high - pageSize + 1), high),
            };
            var page = isBehindFullPage
                ? await ReadRangeAsync(streamId, first, last, null, cancellationToken).ConfigureAwait(false)
                : await ReadPageAsync(streamId, first, last, isForward, cancellationToken).ConfigureAwait(false);
            if (isBehindFullPage && !isForward)
            {
                page.Reverse();
            }

            foreach (var envelope in page)
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return envelope;
            }

            var isFull = page.Count >= pageSize;
            if (!isFull && !isBehindFullPage)
            {
                yield break;
            }

            (low, high) = (isForward, isBehindFullPage) switch
            {
                (true, true) => (last + 1, high),
                (true, false) => (page[^1].Version + 1, high),
                (false, true) => (low, first - 1),
                (false, false) => (low, page[^1].Version - 1),
            };
            isBehindFullPage = isFull;
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

    private Task<List<EventEnvelope>> ReadPageAsync(
        StreamId streamId, long low, long high, bool isForward, CancellationToken cancellationToken) =>
        ReadAsync(
            isForward ? "load_stream_page" : "load_stream_page_backward",
            streamId,
            low,
            high,
            database.Options.PageSize,
            null,
            cancellationToken);

    private async Task<List<EventEnvelope>> ReadRangeAsync(
        StreamId streamId,
        long fromVersion,
        long toVersion,
        NpgsqlTransaction? transaction,
        CancellationToken cancellationToken)
    {
        var events = await ReadAsync(
            "load_stream", streamId, fromVersion, toVersion, null, transaction, cancellationToken)
            .ConfigureAwait(false);
        return IsInOrder(events) ? events : [.. events.OrderBy(static envelope => envelope.Version)];
    }

    private static bool IsInOrder(List<EventEnvelope> events)
    {
        for (var i = 1; i < events.Count; i++)
        {
            if (events[i].Version < events[i - 1].Version)
            {
                return false;
            }
        }

        return true;
    }

    private Task<List<EventEnvelope>> ReadAsync(
        string statement,
        StreamId streamId,
        long fromVersion,
        long toVersion,
        int? maxCount,
        NpgsqlTransaction? transaction,
        CancellationToken cancellationToken) =>
        database.QueryAsync(
            statement,
            parameters =>
            {
                AddStream(parameters, streamId);
                parameters.Add(new NpgsqlParameter<long> { TypedValue = fromVersion });
                parameters.Add(new NpgsqlParameter<long> { TypedValue = toVersion });
                if (maxCount is { } count)
                {
                    parameters.Add(new NpgsqlParameter<long> { TypedValue = count });
                }
            },
            new EventRow(streamId).Read,
            cancellationToken,
            transaction);
}
