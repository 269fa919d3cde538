using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Where the database ends and the archive begins, and the way to the events behind. Thread-safe.
/// </summary>
/// <remarks>
/// <para>Events only ever go from the database to the archive, in one transaction. So who looks into the database first
/// and asks for the archive's batches afterwards misses nothing: what was not in the database any more is in the books.
/// And no statement finds less than it should without saying so, since it looks at the bound in the snapshot in which
/// it looks at the events.</para>
/// <para>As long as nothing is archived nothing of this runs.</para>
/// </remarks>
internal sealed class ArchiveBorder(PostgresDatabase database, IArchivedEvents? archive)
{
    // How many batches a page of the feed looks into.
    private const int BatchesPerPage = 8;

    private long _known;

    /// <summary>Up to which position events are in the archive, as far as anybody here has noticed.</summary>
    public Position Known => new(Volatile.Read(ref _known));

    /// <summary>Somebody met the border.</summary>
    public void Note(Position through) => Volatile.Write(ref _known, through.Value);

    /// <summary>
    /// A part of the feed behind a position from the archive; null when the database has the events there.
    /// </summary>
    /// <exception cref="EventsArchivedException">They are in the archive, and there is none to read from.</exception>
    public async Task<ArchivedStretch?> ReadFeedAsync(
        Position after, FeedFilter? filter, int maxCount, CancellationToken cancellationToken)
    {
        var rows = await FindBatchesAsync(after, filter, cancellationToken).ConfigureAwait(false);
        var bound = rows[0].Bound;
        Note(bound);
        if (bound <= after)
        {
            return null;
        }

        if (archive is null)
        {
            throw new EventsArchivedException(bound);
        }

        // Those that the filter's times exclude are not among the rows.
        var batches = rows.Select(row => row.Batch).OfType<ArchivedBatch>().ToList();
        if (batches.Count == 0)
        {
            return new ArchivedStretch([], bound, IsComplete: true, ArchiveScan.None);
        }

        var stretch = await archive.ReadAsync(batches, after, filter, maxCount, cancellationToken)
            .ConfigureAwait(false);
        return stretch.IsComplete && batches.Count < BatchesPerPage ? stretch with { ReadTo = bound } : stretch;
    }

    /// <summary>
    /// The archived versions of a range, in order, or from the end; fewer when <paramref name="maxCount"/> is reached.
    /// </summary>
    /// <exception cref="EventsArchivedException">There are some, and there is no archive to read from.</exception>
    public async Task<List<EventEnvelope>> ReadStreamAsync(
        StreamId streamId,
        long low,
        long high,
        int maxCount,
        bool isForward,
        NpgsqlTransaction? transaction,
        CancellationToken cancellationToken)
    {
        var events = new List<EventEnvelope>();
        var parts = await FindPartsAsync(streamId, low, high, transaction, cancellationToken).ConfigureAwait(false);
        if (parts.Count == 0)
        {
            return events;
        }

        if (archive is null)
        {
            var rows = await FindBatchesAsync(parts[0].Batch.Plan.After, null, cancellationToken).ConfigureAwait(false);
            throw new EventsArchivedException(rows[0].Bound);
        }

        foreach (var (first, last, batch) in isForward ? parts : parts.AsEnumerable().Reverse())
        {
            var room = maxCount - events.Count;
            if (room == 0)
            {
                break;
            }

            var (from, to) = (Math.Max(first, low), Math.Min(last, high));
            (from, to) = isForward
                ? (from, to - from < room ? to : from + room - 1)
                : (to - from < room ? from : to - room + 1, to);
            var read = await archive.ReadStreamAsync(batch, streamId, from, to, cancellationToken)
                .ConfigureAwait(false);
            if (read.Count != to - from + 1 || read[0].Version != from || read[^1].Version != to)
            {
                throw new ArchiveMismatchException(
                    batch.Stored.Key, $"it should have the versions {from} to {to} of {streamId}.");
            }

            events.AddRange(isForward ? read : read.Reverse());
        }

        return events;
    }

    /// <summary>Those of some events that are in the archive.</summary>
    public async Task<IReadOnlyList<EventEnvelope>> FindAsync(
        IReadOnlyCollection<Guid> eventIds, CancellationToken cancellationToken)
    {
        var places = await database.QueryAsync(
            "find_archived_places",
            parameters => parameters.Add(
                new NpgsqlParameter<Guid[]>
                {
                    TypedValue = [.. eventIds],
                    NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid,
                }),
            static reader => (
                Id: reader.GetGuid(0),
                Stream: new StreamId(reader.GetString(1), reader.GetString(2)),
                Version: reader.GetInt64(3)),
            cancellationToken).ConfigureAwait(false);
        var found = new List<EventEnvelope>();
        foreach (var stream in places.GroupBy(place => place.Stream))
        {
            var read = await ReadStreamAsync(
                stream.Key,
                stream.Min(place => place.Version),
                stream.Max(place => place.Version),
                int.MaxValue,
                isForward: true,
                transaction: null,
                cancellationToken).ConfigureAwait(false);
            found.AddRange(read.Where(envelope => eventIds.Contains(envelope.Id)));
        }

        return found;
    }

    private static NpgsqlParameter Time(DateTimeOffset? time) => new()
    {
        NpgsqlDbType = NpgsqlDbType.TimestampTz,
        Value = time is { } known ? known.UtcDateTime : DBNull.Value,
    };

    private Task<List<(Position Bound, ArchivedBatch? Batch)>> FindBatchesAsync(
        Position after, FeedFilter? filter, CancellationToken cancellationToken) =>
        database.QueryAsync(
            "find_archived_batches",
            parameters =>
            {
                parameters.Add(new NpgsqlParameter<long> { TypedValue = after.Value });
                parameters.Add(Time(filter?.RecordedFrom));
                parameters.Add(Time(filter?.RecordedBefore));
                parameters.Add(new NpgsqlParameter<long> { TypedValue = BatchesPerPage });
            },
            static reader => (
                Bound: new Position(reader.GetInt64(0)),
                Batch: reader.IsDBNull(1) ? null : BatchColumns.ReadArchived(reader, 1)),
            cancellationToken);

    private async Task<List<(long First, long Last, ArchivedBatch Batch)>> FindPartsAsync(
        StreamId streamId,
        long low,
        long high,
        NpgsqlTransaction? transaction,
        CancellationToken cancellationToken) =>
        await database.QueryAsync(
            "find_archived_stream",
            parameters =>
            {
                AddName(streamId.AggregateType);
                AddName(streamId.AggregateId);
                parameters.Add(new NpgsqlParameter<long> { TypedValue = low });
                parameters.Add(new NpgsqlParameter<long> { TypedValue = high });

                void AddName(string name) => parameters.Add(
                    new NpgsqlParameter<string> { TypedValue = name, NpgsqlDbType = NpgsqlDbType.Text });
            },
            static reader => (reader.GetInt64(0), reader.GetInt64(1), BatchColumns.ReadArchived(reader, 2)),
            cancellationToken,
            transaction).ConfigureAwait(false);
}
