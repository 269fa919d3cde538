using System.Runtime.CompilerServices;
using K1s0.EventStore.Integrity;
using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres;

/// <summary>Reads streams, in the database and behind its border in the archive. Thread-safe.</summary>
internal sealed class PostgresStreams(PostgresDatabase database, StreamHeadCache heads, ArchiveBorder border)
{
    private readonly StreamRanges _ranges = new(database, border);

    public async Task<IReadOnlyList<EventEnvelope>> LoadAsync(
        StreamId streamId, long fromVersion, long toVersion, CancellationToken cancellationToken)
    {
        var events = await _ranges.ReadAsync(streamId, fromVersion, toVersion, cancellationToken)
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
        _ranges.ReadInAsync(transaction, streamId, fromVersion, toVersion, cancellationToken);

    /// <summary>Reads from one end to the other, a page at a time.</summary>
    /// <remarks>
    /// The server may sort all that is left to find the first page of it. Behind a full page the next one is asked for
    /// by its versions, so that the work grows with the length of the stream and not with its square. One that is not
    /// full ends the stream, or lies over a gap that somebody has made: what is left behind its last event is asked for
    /// once more, because more may have been appended meanwhile.
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
                ? await _ranges.ReadAsync(streamId, first, last, cancellationToken).ConfigureAwait(false)
                : await _ranges.ReadPageAsync(streamId, first, last, direction, pageSize, cancellationToken)
                    .ConfigureAwait(false);
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
                (true, _) => (page.Count == 0 ? low : page[^1].Version + 1, high),
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
            parameters => StreamRanges.AddStream(parameters, streamId),
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
}
