using System.Runtime.CompilerServices;

namespace K1s0.EventStore.Sqlite;

/// <summary>Reads streams. Thread-safe.</summary>
internal sealed class StreamQueries(SqliteStoreFile file)
{
    public async Task<IReadOnlyList<EventEnvelope>> LoadAsync(
        StreamId streamId, long fromVersion, long toVersion, CancellationToken cancellationToken) =>
        await ReadAsync("load_stream", streamId, fromVersion, toVersion, int.MaxValue, cancellationToken)
            .ConfigureAwait(false);

    public async IAsyncEnumerable<EventEnvelope> ReadPagesAsync(
        StreamId streamId,
        ReadDirection direction,
        StreamVersion? from,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var isForward = direction is ReadDirection.Forward;
        var statement = isForward ? "load_stream" : "load_stream_backward";
        var (low, high) = isForward ? (from?.Value ?? 0, long.MaxValue) : (0, from?.Value ?? long.MaxValue);
        while (true)
        {
            var page = await ReadAsync(statement, streamId, low, high, file.PageSize, cancellationToken)
                .ConfigureAwait(false);
            foreach (var envelope in page)
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return envelope;
            }

            if (page.Count < file.PageSize)
            {
                yield break;
            }

            (low, high) = isForward ? (page[^1].Version + 1, high) : (low, page[^1].Version - 1);
        }
    }

    public Task<StreamHead> GetHeadAsync(StreamId streamId, CancellationToken cancellationToken) =>
        file.ReadAsync(session => AppendWriter.FindHead(session, streamId).Head, cancellationToken);

    public async Task<IReadOnlyList<CatalogEntry>> ListAsync(
        StreamId? after, int maxCount, CancellationToken cancellationToken) =>
        await file.ReadAsync(
            session => session.Query(
                "list_streams",
                static row => new CatalogEntry(
                    new StreamHead(
                        new StreamId(row.Text(0), row.Text(1)),
                        new StreamVersion(row.Number(2)),
                        row.Id(3),
                        row.Digest(4)),
                    row.Number(5)),
                after?.AggregateType ?? string.Empty,
                after?.AggregateId ?? string.Empty,
                maxCount),
            cancellationToken).ConfigureAwait(false);

    // A token that fires stops the reading at the next row.
    private Task<List<EventEnvelope>> ReadAsync(
        string statement,
        StreamId streamId,
        long fromVersion,
        long toVersion,
        int maxCount,
        CancellationToken cancellationToken) =>
        file.ReadAsync(
            session =>
            {
                var events = new EventRow();
                return session.Query(
                    statement,
                    row =>
                    {
                        cancellationToken.ThrowIfCancellationRequested();
                        return events.Read(row);
                    },
                    streamId.AggregateType,
                    streamId.AggregateId,
                    fromVersion,
                    toVersion,
                    maxCount);
            },
            cancellationToken);
}
