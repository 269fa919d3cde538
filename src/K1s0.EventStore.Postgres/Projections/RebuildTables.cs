using System.Security.Cryptography;
using System.Text;
using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// The tables that a projection is rebuilt in, in a schema of their own, and beside them how far each lane has come: all
/// of it appears, changes and disappears together with its transaction. Thread-safe.
/// </summary>
internal sealed class RebuildTables
{
    private readonly PostgresDatabase _database;
    private readonly ProjectionTables _live;
    private readonly string _projection;

    public RebuildTables(PostgresDatabase database, ProjectionTables live, string projection)
    {
        _database = database;
        _live = live;
        _projection = projection;

        // One schema a projection and store, whatever their names are: in it the new tables, and all that hangs on them,
        // already have the names that they keep.
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes($"{database.Sql.Schema.Value}\n{projection}"));
        Schema = new SchemaName($"rebuild_{Convert.ToHexStringLower(digest.AsSpan(0, 12))}");
        Tables = live.In(Schema);
    }

    public SchemaName Schema { get; }

    /// <summary>The new tables.</summary>
    public ProjectionTables Tables { get; }

    /// <summary>The lanes of an unfinished rebuild, which are this caller's from now on; none when there is none.</summary>
    public async Task<IReadOnlyList<RebuildLane>> ClaimAsync(
        StoreIdentity identity, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        var exists = await QueryAsync(
            "find_rebuild",
            parameters => Add(parameters, $"{Schema.Quoted}.k1s0_rebuild_lanes"),
            static reader => reader.GetBoolean(0),
            transaction,
            cancellationToken).ConfigureAwait(false);
        return !exists[0]
            ? []
            : await QueryAsync(
                "claim_rebuild_lanes",
                parameters =>
                {
                    parameters.Add(new NpgsqlParameter<Guid> { TypedValue = identity.StoreId });
                    Add(parameters, identity.Epoch);
                },
                ReadLane,
                transaction,
                cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The epoch under which the lanes were claimed.</summary>
    public async Task<long> GetEpochAsync(NpgsqlTransaction transaction, CancellationToken cancellationToken) =>
        (await QueryAsync(
            "get_rebuild_epoch", static _ => { }, static reader => reader.GetInt64(0), transaction, cancellationToken)
            .ConfigureAwait(false))[0];

    /// <summary>Makes the schema, the new tables and the lanes.</summary>
    public async Task CreateAsync(
        IProjection projection,
        int lanes,
        StoreIdentity identity,
        NpgsqlTransaction transaction,
        CancellationToken cancellationToken)
    {
        await DropAsync(transaction, cancellationToken).ConfigureAwait(false);
        await ExecuteAsync("create_rebuild_schema", transaction, cancellationToken).ConfigureAwait(false);
        await ExecuteAsync("create_rebuild_lanes", transaction, cancellationToken).ConfigureAwait(false);
        await QueryAsync(
            "start_rebuild_lanes",
            parameters =>
            {
                parameters.Add(new NpgsqlParameter<int> { TypedValue = lanes });
                Add(parameters, _projection);
                parameters.Add(new NpgsqlParameter<Guid> { TypedValue = identity.StoreId });
                Add(parameters, identity.Epoch);
            },
            static _ => 0,
            transaction,
            cancellationToken).ConfigureAwait(false);
        await projection.CreateTablesAsync(
            new ProjectionContext(Tables, transaction, isRebuilding: true), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Drops what a rebuild has made, if there is anything.</summary>
    public Task DropAsync(NpgsqlTransaction transaction, CancellationToken cancellationToken) =>
        ExecuteAsync("drop_rebuild_schema", transaction, cancellationToken);

    /// <summary>Moves a lane.</summary>
    /// <returns>Whether the lane was where the caller believed, and is still the caller's.</returns>
    public async Task<bool> SaveAsync(
        RebuildLane lane, Position to, long events, long epoch, NpgsqlTransaction transaction,
        CancellationToken cancellationToken)
    {
        var saved = await QueryAsync(
            "save_rebuild_lane",
            parameters =>
            {
                parameters.Add(new NpgsqlParameter<int> { TypedValue = lane.Number });
                Add(parameters, epoch);
                Add(parameters, lane.Position.Value);
                Add(parameters, to.Value);
                Add(parameters, events);
            },
            static _ => 0,
            transaction,
            cancellationToken).ConfigureAwait(false);
        return saved.Count == 1;
    }

    /// <summary>The lanes, locked until the transaction ends, when they all are still the caller's.</summary>
    public Task<List<RebuildLane>> LockLanesAsync(
        long epoch, NpgsqlTransaction transaction, CancellationToken cancellationToken) =>
        QueryAsync(
            "lock_rebuild_lanes", parameters => Add(parameters, epoch), ReadLane, transaction, cancellationToken);

    /// <summary>Waits until nobody works on the tables in use, and keeps everybody off until the transaction ends.</summary>
    public async Task LockLiveAsync(NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        foreach (var name in _live.Names)
        {
            await ExecuteAsync(_live.Named(_database.Sql["lock_table"], name), name, transaction, cancellationToken)
                .ConfigureAwait(false);
        }
    }

    /// <summary>Puts the new tables in the place of the ones in use, which are dropped.</summary>
    public async Task SwapAsync(NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        foreach (var name in _live.Names.Reverse())
        {
            await ExecuteAsync(_live.Named(_database.Sql["drop_table"], name), name, transaction, cancellationToken)
                .ConfigureAwait(false);
        }

        foreach (var name in _live.Names)
        {
            var move = _database.Sql["move_table"]
                .Replace("{target_schema}", _live.Schema.Quoted, StringComparison.Ordinal);
            await ExecuteAsync(Tables.Named(move, name), name, transaction, cancellationToken).ConfigureAwait(false);
        }

        await DropAsync(transaction, cancellationToken).ConfigureAwait(false);
    }

    private static RebuildLane ReadLane(NpgsqlDataReader reader) => new(
        reader.GetInt32(0), reader.GetInt32(1), new Position(reader.GetInt64(2)), reader.GetInt64(3));

    private static void Add(NpgsqlParameterCollection parameters, long value) =>
        parameters.Add(new NpgsqlParameter<long> { TypedValue = value });

    private static void Add(NpgsqlParameterCollection parameters, string value) =>
        parameters.Add(new NpgsqlParameter<string> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Text });

    private Task<List<TRow>> QueryAsync<TRow>(
        string statement,
        Action<NpgsqlParameterCollection> addParameters,
        Func<NpgsqlDataReader, TRow> readRow,
        NpgsqlTransaction transaction,
        CancellationToken cancellationToken) =>
        _database.QueryTextAsync(
            Named(_database.Sql[statement]), statement, addParameters, readRow, transaction, cancellationToken);

    private Task ExecuteAsync(string statement, NpgsqlTransaction transaction, CancellationToken cancellationToken) =>
        ExecuteAsync(Named(_database.Sql[statement]), statement, transaction, cancellationToken);

    private async Task ExecuteAsync(
        string text, string what, NpgsqlTransaction transaction, CancellationToken cancellationToken) =>
        await _database.QueryTextAsync(text, what, static _ => { }, static _ => 0, transaction, cancellationToken)
            .ConfigureAwait(false);

    private string Named(string sql) => sql.Replace("{rebuild}", Schema.Quoted, StringComparison.Ordinal);
}
