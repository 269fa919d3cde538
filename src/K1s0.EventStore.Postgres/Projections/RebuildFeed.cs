using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Reads the feed for a rebuild, wherever its events are: a lane's, or how many there are. Thread-safe.
/// </summary>
internal sealed class RebuildFeed(PostgresDatabase database, FeedFilter? filter, ArchiveBorder border)
{
    // Guards the scan: lanes read side by side.
    private readonly Lock _lock = new();
    private ArchiveScan? _scan;

    /// <summary>What all reads from the archive together cost; null when there was none.</summary>
    public ArchiveScan? Scan
    {
        get
        {
            lock (_lock)
            {
                return _scan;
            }
        }
    }

    /// <inheritdoc cref="PostgresFeed.MaxPositions"/>
    public const long MaxPositions = PostgresFeed.MaxPositions;

    /// <summary>
    /// The next events of a lane, up to a position, and up to where these are all; in a transaction, all that it sees.
    /// </summary>
    /// <exception cref="EventsArchivedException">
    /// They are in the archive, and there is none to read from; or a transaction is given, which is aborted then.
    /// </exception>
    public async Task<(List<EventEnvelope> Events, Position ReadTo)> ReadAsync(
        RebuildLane lane,
        Position to,
        int maxCount,
        NpgsqlTransaction? transaction,
        CancellationToken cancellationToken)
    {
        if (transaction is null
            && await TryArchiveAsync(lane.Position, to, maxCount, cancellationToken).ConfigureAwait(false) is { } known)
        {
            return (await OfLaneAsync(known.Events, lane, cancellationToken).ConfigureAwait(false), known.ReadTo);
        }

        try
        {
            return await ReadHotAsync(lane, to, maxCount, transaction, cancellationToken).ConfigureAwait(false);
        }
        catch (EventsArchivedException e) when (transaction is null)
        {
            border.Note(e.Through);
        }

        return await TryArchiveAsync(lane.Position, to, maxCount, cancellationToken).ConfigureAwait(false) is { } read
            ? (await OfLaneAsync(read.Events, lane, cancellationToken).ConfigureAwait(false), read.ReadTo)
            : await ReadHotAsync(lane, to, maxCount, null, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>How many events lie behind one position and not behind another.</summary>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public async Task<long> CountAsync(
        Position after, Position to, NpgsqlTransaction? transaction, CancellationToken cancellationToken)
    {
        var count = 0L;
        while (after < to)
        {
            if (transaction is null
                && await TryArchiveAsync(after, to, FeedPage.MaxEvents, cancellationToken).ConfigureAwait(false)
                    is { } read)
            {
                (count, after) = (count + read.Events.Count, read.ReadTo);
                continue;
            }

            try
            {
                var end = EndOfRange(after, to);
                count += await CountHotAsync(after, end, transaction, cancellationToken).ConfigureAwait(false);
                after = end;
            }
            catch (EventsArchivedException e) when (transaction is null)
            {
                // Next time from the archive.
                border.Note(e.Through);
            }
        }

        return count;
    }

    /// <summary>The last position that was drawn: no event that is visible lies behind it.</summary>
    public async Task<Position> FindLastAsync(NpgsqlTransaction transaction, CancellationToken cancellationToken) =>
        (await database.QueryAsync(
            "find_last_position",
            static _ => { },
            static reader => new Position(reader.GetInt64(0)),
            cancellationToken,
            transaction,
            prepare: false).ConfigureAwait(false))[0];

    private static Position EndOfRange(Position after, Position to) =>
        to.Value - after.Value > MaxPositions ? new Position(after.Value + MaxPositions) : to;

    // Null when the database has what lies there, as far as is known.
    private async Task<ArchivedStretch?> TryArchiveAsync(
        Position after, Position to, int maxCount, CancellationToken cancellationToken)
    {
        if (after >= border.Known
            || await border.ReadFeedAsync(after, filter, maxCount, cancellationToken).ConfigureAwait(false)
                is not { } stretch)
        {
            return null;
        }

        lock (_lock)
        {
            _scan = _scan?.Plus(stretch.Scan) ?? stretch.Scan;
        }

        return stretch.ReadTo <= to
            ? stretch
            : stretch with { Events = [.. stretch.Events.TakeWhile(one => one.Position <= to)], ReadTo = to };
    }

    // Lanes go by the keys that streams have in the database; events in the archive do not have them.
    private async Task<List<EventEnvelope>> OfLaneAsync(
        IReadOnlyList<EventEnvelope> events, RebuildLane lane, CancellationToken cancellationToken)
    {
        if (lane.Count == 1 || events.Count == 0)
        {
            return [.. events];
        }

        var streams = events.Select(one => one.StreamId).Distinct().ToArray();
        var own = await database.QueryAsync(
            "find_lane_streams",
            parameters =>
            {
                parameters.Add(new NpgsqlParameter<string[]>
                {
                    TypedValue = [.. streams.Select(stream => stream.AggregateType)],
                });
                parameters.Add(new NpgsqlParameter<string[]>
                {
                    TypedValue = [.. streams.Select(stream => stream.AggregateId)],
                });
                parameters.Add(new NpgsqlParameter<int> { TypedValue = lane.Count });
                parameters.Add(new NpgsqlParameter<int> { TypedValue = lane.Number });
            },
            static reader => new StreamId(reader.GetString(0), reader.GetString(1)),
            cancellationToken).ConfigureAwait(false);
        var wanted = own.ToHashSet();
        return [.. events.Where(one => wanted.Contains(one.StreamId))];
    }

    private async Task<(List<EventEnvelope> Events, Position ReadTo)> ReadHotAsync(
        RebuildLane lane,
        Position to,
        int maxCount,
        NpgsqlTransaction? transaction,
        CancellationToken cancellationToken)
    {
        var end = EndOfRange(lane.Position, to);
        var events = await database.QueryAsync(
            "read_rebuild_page",
            parameters =>
            {
                parameters.Add(new NpgsqlParameter<long> { TypedValue = lane.Position.Value });
                parameters.Add(new NpgsqlParameter<long> { TypedValue = end.Value });
                parameters.Add(new NpgsqlParameter<int> { TypedValue = maxCount });
                AddFilter(parameters);
                parameters.Add(new NpgsqlParameter<int> { TypedValue = lane.Count });
                parameters.Add(new NpgsqlParameter<int> { TypedValue = lane.Number });
            },
            new EventRow().Read,
            cancellationToken,
            transaction,
            prepare: false).ConfigureAwait(false);
        return (events, events.Count == maxCount ? events[^1].Position : end);
    }

    private async Task<long> CountHotAsync(
        Position after, Position to, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        (await database.QueryAsync(
            "count_feed",
            parameters =>
            {
                parameters.Add(new NpgsqlParameter<long> { TypedValue = after.Value });
                parameters.Add(new NpgsqlParameter<long> { TypedValue = to.Value });
                AddFilter(parameters);
            },
            static reader => reader.GetInt64(0),
            cancellationToken,
            transaction,
            prepare: false).ConfigureAwait(false))[0];

    private void AddFilter(NpgsqlParameterCollection parameters) =>
        PostgresFeed.AddFilter(parameters, filter ?? new FeedFilter());
}
