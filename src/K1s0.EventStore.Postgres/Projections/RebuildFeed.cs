using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>Reads the feed for a rebuild: a lane's events, or how many there are. Thread-safe.</summary>
internal sealed class RebuildFeed(PostgresDatabase database, FeedFilter? filter)
{
    /// <inheritdoc cref="PostgresFeed.MaxPositions"/>
    public const long MaxPositions = PostgresFeed.MaxPositions;

    /// <summary>
    /// The next events of a lane, up to a position, and up to where these are all; in a transaction, all that it sees.
    /// </summary>
    public async Task<(List<EventEnvelope> Events, Position ReadTo)> ReadAsync(
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
                parameters.Add(new NpgsqlParameter<long> { TypedValue = maxCount });
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

    /// <summary>How many events lie behind one position and not behind another.</summary>
    public async Task<long> CountAsync(
        Position after, Position to, NpgsqlTransaction? transaction, CancellationToken cancellationToken)
    {
        var count = 0L;
        while (after < to)
        {
            var (first, end) = (after, EndOfRange(after, to));
            var counted = await database.QueryAsync(
                "count_feed",
                parameters =>
                {
                    parameters.Add(new NpgsqlParameter<long> { TypedValue = first.Value });
                    parameters.Add(new NpgsqlParameter<long> { TypedValue = end.Value });
                    AddFilter(parameters);
                },
                static reader => reader.GetInt64(0),
                cancellationToken,
                transaction,
                prepare: false).ConfigureAwait(false);
            (count, after) = (count + counted[0], end);
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

    private void AddFilter(NpgsqlParameterCollection parameters) =>
        PostgresFeed.AddFilter(parameters, filter ?? new FeedFilter());
}
