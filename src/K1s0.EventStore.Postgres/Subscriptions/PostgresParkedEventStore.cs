using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres;

/// <summary>Parked events on PostgreSQL. Thread-safe.</summary>
public sealed class PostgresParkedEventStore : IParkedEventStore
{
    private readonly PostgresDatabase _database;
    private readonly PostgresCheckpointStore _checkpoints;

    /// <summary>
    /// A place for parked events in a database whose schema exists (see <see cref="PostgresSchema"/>).
    /// </summary>
    /// <param name="dataSource">Where to connect; owned by the application.</param>
    /// <param name="options">How the store works on PostgreSQL; the defaults when null.</param>
    public PostgresParkedEventStore(NpgsqlDataSource dataSource, PostgresOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        options = PostgresOptionsRules.Checked(options);
        _database = new PostgresDatabase(dataSource, new SqlCatalog(new SchemaName(options.Schema)), options);
        _checkpoints = new PostgresCheckpointStore(dataSource, options);
    }

    /// <inheritdoc/>
    public Task<bool> ParkAsync(
        ParkedEvent parked, CheckpointClaim claim, CancellationToken cancellationToken = default)
    {
        ParkedEvent.Check(parked, claim);
        return WriteOwnedAsync(
            "park_event",
            claim,
            parameters =>
            {
                parameters.Add(new NpgsqlParameter<long> { TypedValue = parked.Position.Value });
                Add(parameters, parked.StreamId.AggregateType);
                Add(parameters, parked.StreamId.AggregateId);
                parameters.Add(new NpgsqlParameter<Guid> { TypedValue = parked.EventId });
                Add(parameters, parked.EventType);
                parameters.Add(new NpgsqlParameter<int> { TypedValue = parked.Attempts });
                Add(parameters, parked.Cause);
                parameters.Add(new NpgsqlParameter<DateTime>
                {
                    TypedValue = parked.ParkedAt.UtcDateTime,
                    NpgsqlDbType = NpgsqlDbType.TimestampTz,
                });
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<bool> UpdateAsync(
        ParkedEvent parked, CheckpointClaim claim, CancellationToken cancellationToken = default)
    {
        ParkedEvent.Check(parked, claim);
        return WriteOwnedAsync(
            "update_parked_event",
            claim,
            parameters =>
            {
                parameters.Add(new NpgsqlParameter<long> { TypedValue = parked.Position.Value });
                parameters.Add(new NpgsqlParameter<int> { TypedValue = parked.Attempts });
                Add(parameters, parked.Cause);
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ParkedEvent>> ListAsync(
        string consumer, Position after = default, int maxCount = IParkedEventStore.MaxPage,
        CancellationToken cancellationToken = default)
    {
        ConsumerName.Check(consumer, nameof(consumer));
        ArgumentOutOfRangeException.ThrowIfLessThan(maxCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxCount, IParkedEventStore.MaxPage);
        return await _database.QueryAsync(
            "list_parked_events",
            parameters =>
            {
                Add(parameters, consumer);
                parameters.Add(new NpgsqlParameter<long> { TypedValue = after.Value });
                parameters.Add(new NpgsqlParameter<int> { TypedValue = maxCount });
            },
            reader => Read(consumer, reader),
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<bool> RemoveAsync(string consumer, Position position, CancellationToken cancellationToken = default) =>
        RemoveAsync(consumer, position, null, cancellationToken);

    /// <summary>
    /// Takes an event out inside the caller's transaction, so that it commits together with the effects of the event.
    /// </summary>
    /// <param name="consumer">The name of the subscription.</param>
    /// <param name="position">The place of the event.</param>
    /// <param name="transaction">The caller's transaction; null for one of its own.</param>
    /// <param name="cancellationToken">Gives up; the transaction is then aborted.</param>
    /// <returns>Whether it was there.</returns>
    public async Task<bool> RemoveAsync(
        string consumer,
        Position position,
        NpgsqlTransaction? transaction,
        CancellationToken cancellationToken = default)
    {
        ConsumerName.Check(consumer, nameof(consumer));
        var rows = await _database.QueryAsync(
            "remove_parked_event",
            parameters =>
            {
                Add(parameters, consumer);
                parameters.Add(new NpgsqlParameter<long> { TypedValue = position.Value });
            },
            static reader => reader.GetInt64(0),
            cancellationToken,
            transaction).ConfigureAwait(false);
        return rows.Count == 1;
    }

    // The statement looks at the owner epoch and writes, in one step; then tells whether it was the owner.
    private async Task<bool> WriteOwnedAsync(
        string statement,
        CheckpointClaim claim,
        Action<NpgsqlParameterCollection> addParameters,
        CancellationToken cancellationToken)
    {
        var rows = await _database.QueryAsync(
            statement,
            parameters =>
            {
                Add(parameters, claim.Consumer);
                parameters.Add(new NpgsqlParameter<long> { TypedValue = claim.Epoch });
                addParameters(parameters);
            },
            static reader => (IsOwned: reader.GetBoolean(0), Result: reader.GetBoolean(1)),
            cancellationToken).ConfigureAwait(false);
        return rows[0].IsOwned
            ? rows[0].Result
            : throw await _checkpoints.ConflictAsync(claim, cancellationToken).ConfigureAwait(false);
    }

    private static void Add(NpgsqlParameterCollection parameters, string? text) =>
        parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Text, Value = (object?)text ?? DBNull.Value });

    private static ParkedEvent Read(string consumer, NpgsqlDataReader reader) => new(
        consumer,
        new Position(reader.GetInt64(0)),
        new StreamId(reader.GetString(1), reader.GetString(2)),
        reader.GetGuid(3),
        reader.GetString(4),
        reader.GetInt32(5),
        reader.IsDBNull(6) ? null : reader.GetString(6),
        new DateTimeOffset(reader.GetDateTime(7), TimeSpan.Zero));
}
