using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres;

/// <summary>What keeps events in the database: holds, and the minimum retention. Thread-safe.</summary>
internal sealed class ArchiveHolds(PostgresDatabase database)
{
    private static readonly TimeSpan LongestRetention = TimeSpan.FromDays(36_525);

    public async Task PlaceAsync(ArchiveHold hold, CancellationToken cancellationToken)
    {
        ArchiveHold.Check(hold);
        var rows = await database.WriteAsync(
            "place_hold",
            parameters =>
            {
                parameters.Add(new NpgsqlParameter<Guid> { TypedValue = hold.Id });
                parameters.AddValue(hold.Reason);
                parameters.AddOptional(NpgsqlDbType.Bigint, hold.From?.Value);
                parameters.AddOptional(NpgsqlDbType.Bigint, hold.To?.Value);
                parameters.AddOptional(NpgsqlDbType.Text, hold.StreamId?.AggregateType);
                parameters.AddOptional(NpgsqlDbType.Text, hold.StreamId?.AggregateId);
                parameters.AddValue(hold.PlacedBy);
            },
            static _ => 0,
            cancellationToken).ConfigureAwait(false);
        if (rows.Count == 0)
        {
            throw new ArchiveRefusedException(
                ArchiveRefusal.Moved,
                $"Hold {hold.Id} was released, or is another one: this one is not in force. Give it an id of its own.");
        }
    }

    public async Task<bool> ReleaseAsync(
        Guid id, string releasedBy, CancellationToken cancellationToken)
    {
        ConsumerName.Check(releasedBy, nameof(releasedBy));
        var rows = await database.WriteAsync(
            "release_hold",
            parameters =>
            {
                parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
                parameters.AddValue(releasedBy);
            },
            static _ => 0,
            cancellationToken).ConfigureAwait(false);
        return rows.Count == 1;
    }

    public async Task<IReadOnlyList<ArchiveHold>> ListAsync(CancellationToken cancellationToken) =>
        await database.QueryAsync("list_holds", static _ => { }, ReadHold, cancellationToken).ConfigureAwait(false);

    public Task SetMinimumRetentionAsync(TimeSpan retention, CancellationToken cancellationToken) =>
        WriteRetentionAsync("set_minimum_retention", retention, cancellationToken);

    public Task RaiseMinimumRetentionAsync(TimeSpan retention, CancellationToken cancellationToken) =>
        WriteRetentionAsync("raise_minimum_retention", retention, cancellationToken);

    private Task<List<int>> WriteRetentionAsync(
        string statement, TimeSpan retention, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(retention, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(retention, LongestRetention);
        return database.WriteAsync(
            statement,
            parameters => parameters.Add(
                new NpgsqlParameter<TimeSpan> { TypedValue = retention, NpgsqlDbType = NpgsqlDbType.Interval }),
            static _ => 0,
            cancellationToken);
    }

    private static ArchiveHold ReadHold(NpgsqlDataReader reader) => new(
        reader.GetGuid(0),
        reader.GetString(1),
        reader.IsDBNull(2) ? null : new Position(reader.GetInt64(2)),
        reader.IsDBNull(3) ? null : new Position(reader.GetInt64(3)),
        reader.IsDBNull(4) ? null : new StreamId(reader.GetString(4), reader.GetString(5)),
        reader.GetString(6));
}
