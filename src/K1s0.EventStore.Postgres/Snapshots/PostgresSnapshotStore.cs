using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres;

/// <summary>Snapshots on PostgreSQL, the latest one of each stream and name. Thread-safe.</summary>
public sealed class PostgresSnapshotStore : ISnapshotStore
{
    private readonly PostgresDatabase _database;
    private readonly SnapshotSerializer _serializer;

    /// <summary>A snapshot store in a database whose schema exists (see <see cref="PostgresSchema"/>).</summary>
    /// <param name="dataSource">Where to connect; owned by the application.</param>
    /// <param name="options">How the store works on PostgreSQL; the defaults when null.</param>
    /// <param name="limits">How states are serialised; the defaults when null.</param>
    public PostgresSnapshotStore(NpgsqlDataSource dataSource, PostgresOptions? options = null,
        EventStoreOptions? limits = null)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        options = PostgresOptionsRules.Checked(options);
        _database = new PostgresDatabase(dataSource, new SqlCatalog(new SchemaName(options.Schema)), options);
        _serializer = new SnapshotSerializer(limits?.SerializerOptions);
    }

    /// <inheritdoc/>
    public Task SaveAsync<TState>(
        StreamId streamId, long version, TState state, CancellationToken cancellationToken = default) =>
        SaveAsync(streamId, string.Empty, version, state, null, cancellationToken);

    /// <inheritdoc/>
    public Task SaveAsync<TState>(
        StreamId streamId,
        string stateName,
        long version,
        TState state,
        CancellationToken cancellationToken = default) =>
        SaveAsync(streamId, stateName, version, state, null, cancellationToken);

    /// <summary>
    /// Keeps a state without a name inside the caller's transaction, unless a snapshot of a later version is there
    /// already.
    /// </summary>
    /// <typeparam name="TState">The type of the state.</typeparam>
    /// <param name="streamId">The aggregate's stream.</param>
    /// <param name="version">The version of the last event that the state contains: 1 or more.</param>
    /// <param name="state">The state.</param>
    /// <param name="transaction">The caller's transaction; null for one of its own.</param>
    /// <param name="cancellationToken">Gives up; the transaction is then aborted.</param>
    public Task SaveAsync<TState>(
        StreamId streamId,
        long version,
        TState state,
        NpgsqlTransaction? transaction,
        CancellationToken cancellationToken = default) =>
        SaveAsync(streamId, string.Empty, version, state, transaction, cancellationToken);

    /// <summary>
    /// Keeps a state inside the caller's transaction, unless a snapshot of its name and of a later version is there
    /// already.
    /// </summary>
    /// <typeparam name="TState">The type of the state.</typeparam>
    /// <param name="streamId">The aggregate's stream.</param>
    /// <param name="stateName">The name of the state: see <see cref="SnapshotName"/>; empty for none.</param>
    /// <param name="version">The version of the last event that the state contains: 1 or more.</param>
    /// <param name="state">The state.</param>
    /// <param name="transaction">The caller's transaction; null for one of its own.</param>
    /// <param name="cancellationToken">Gives up; the transaction is then aborted.</param>
    public Task SaveAsync<TState>(
        StreamId streamId,
        string stateName,
        long version,
        TState state,
        NpgsqlTransaction? transaction,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streamId);
        SnapshotName.Check(stateName, nameof(stateName));
        ArgumentOutOfRangeException.ThrowIfLessThan(version, 1);
        ArgumentNullException.ThrowIfNull(state);
        var bytes = _serializer.Serialize(state);
        return _database.WriteAsync(
            "save_snapshot",
            parameters =>
            {
                AddKey(parameters, streamId, stateName);
                parameters.Add(new NpgsqlParameter<long> { TypedValue = version });
                parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = bytes, NpgsqlDbType = NpgsqlDbType.Bytea });
            },
            static _ => 0,
            cancellationToken,
            transaction);
    }

    /// <inheritdoc/>
    public Task<Snapshot<TState>?> LoadLatestAsync<TState>(
        StreamId streamId, CancellationToken cancellationToken = default) =>
        LoadLatestAsync<TState>(streamId, string.Empty, cancellationToken);

    /// <inheritdoc/>
    public async Task<Snapshot<TState>?> LoadLatestAsync<TState>(
        StreamId streamId, string stateName, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streamId);
        SnapshotName.Check(stateName, nameof(stateName));
        var rows = await _database.QueryAsync(
            "load_snapshot",
            parameters => AddKey(parameters, streamId, stateName),
            reader => _serializer.ToSnapshot<TState>(
                streamId,
                stateName,
                reader.GetInt64(0),
                reader.GetFieldValue<byte[]>(1),
                reader.GetFieldValue<DateTimeOffset>(2)),
            cancellationToken).ConfigureAwait(false);
        return rows is [var snapshot] ? snapshot : null;
    }

    private static void AddKey(NpgsqlParameterCollection parameters, StreamId streamId, string stateName)
    {
        Add(streamId.AggregateType);
        Add(streamId.AggregateId);
        Add(stateName);

        void Add(string name) =>
            parameters.Add(new NpgsqlParameter<string> { TypedValue = name, NpgsqlDbType = NpgsqlDbType.Text });
    }
}
