using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>Reads the feed for a rebuild: a lane's events, or how many there are. Thread-safe.</summary>
internal sealed class RebuildFeed(PostgresDatabase database, FeedFilter? filter)
{
    /// <summary>The next events of a lane, up to a position; in a transaction, all that it sees.</summary>
    public Task<List<EventEnvelope>> ReadAsync(
        RebuildLane lane,
        Position to,
        int maxCount,
        NpgsqlTransaction? transaction,
        CancellationToken cancellationToken) =>
        database.QueryAsync(
            "read_rebuild_page",
            parameters =>
            {
                parameters.Add(new NpgsqlParameter<long> { TypedValue = lane.Position.Value });
                parameters.Add(new NpgsqlParameter<long> { TypedValue = to.Value });
                parameters.Add(new NpgsqlParameter<long> { TypedValue = maxCount });
                AddFilter(parameters);
                parameters.Add(new NpgsqlParameter<int> { TypedValue = lane.Count });
                parameters.Add(new NpgsqlParameter<int> { TypedValue = lane.Number });
            },
            new EventRow().Read,
            cancellationToken,
            transaction,
            prepare: false);

    /// <summary>How many events lie behind one position and not behind another.</summary>
    public async Task<long> CountAsync(
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
