using K1s0.EventStore.Integrity;
using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// The Merkle log in the tables <c>tiles</c>, <c>leaf_runs</c> and <c>tree_heads</c>. Each call is one statement
/// without session state; events that have left the database are read from their archive. Thread-safe.
/// </summary>
public sealed class PostgresLedgerStore : ILedgerStore
{
    private readonly PostgresDatabase _database;
    private readonly SettledBoundProbe _probe;
    private readonly StoredLeaves _leaves;

    /// <summary>The log of a store in a database whose schema exists (see <see cref="PostgresSchema"/>).</summary>
    /// <param name="dataSource">Where to connect; owned by the application.</param>
    /// <param name="options">How the store works on PostgreSQL; the defaults when null.</param>
    public PostgresLedgerStore(NpgsqlDataSource dataSource, PostgresOptions? options = null)
        : this(dataSource, archive: null, options)
    {
    }

    /// <summary>The log of a store that reads events that have left the database from their archive.</summary>
    /// <param name="dataSource">Where to connect; owned by the application.</param>
    /// <param name="archive">Where archived events are read; null when there is no archive.</param>
    /// <param name="options">How the store works on PostgreSQL; the defaults when null.</param>
    public PostgresLedgerStore(
        NpgsqlDataSource dataSource, IArchivedEvents? archive, PostgresOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        options = PostgresOptionsRules.Checked(options);
        _database = new PostgresDatabase(dataSource, new SqlCatalog(new SchemaName(options.Schema)), options);
        _probe = new SettledBoundProbe(_database);
        _leaves = new StoredLeaves(_database, new ArchivedLeaves(_database, new ArchiveBorder(_database, archive)));
    }

    /// <inheritdoc/>
    public async Task<SealedHead> GetHeadAsync(CancellationToken cancellationToken) =>
        await ReadHeadAsync("get_tree_head", cancellationToken).ConfigureAwait(false) ?? SealedHead.Empty;

    /// <inheritdoc/>
    public Task<SealedHead?> GetSignedHeadAsync(CancellationToken cancellationToken) =>
        ReadHeadAsync("get_signed_tree_head", cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SettledLeaf>> ReadUnsealedAsync(
        Position after, int maxCount, CancellationToken cancellationToken)
    {
        CheckCount(maxCount, nameof(maxCount));
        var bound = (await _probe.AskAsync(cancellationToken).ConfigureAwait(false)).Bound;
        return await _leaves.ReadUnsealedAsync(after, bound, maxCount, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<SealedHead> SealAsync(Lease lease, SealedBatch batch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        ArgumentNullException.ThrowIfNull(batch);
        var rows = await _database.WriteAsync(
            "seal_leaves",
            parameters => AddBatch(parameters, lease, batch),
            static reader => (
                Outcome: reader.GetString(0),
                SealedAt: reader.IsDBNull(1) ? default : reader.GetFieldValue<DateTimeOffset>(1)),
            cancellationToken).ConfigureAwait(false);
        return rows[0].Outcome switch
        {
            "sealed" => new SealedHead(batch.Size, batch.Root, batch.LastPosition, rows[0].SealedAt, Note: null),
            "miscounted" => throw new LogDivergedException(
                new TreeHead("of this store", batch.Previous.Size, batch.Previous.Root),
                batch.Previous.Size,
                "Settled events came or went while they were being sealed."),
            _ => throw new LeaseLostException(lease.Name, lease.Epoch),
        };
    }

    /// <inheritdoc/>
    public async Task ConfirmAsync(Lease lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        var rows = await _database.WriteAsync(
            "confirm_log",
            parameters =>
            {
                parameters.Add(new NpgsqlParameter<string> { TypedValue = lease.Name });
                Add(parameters, lease.Epoch);
            },
            static _ => 0,
            cancellationToken).ConfigureAwait(false);
        if (rows.Count == 0)
        {
            throw new LeaseLostException(lease.Name, lease.Epoch);
        }
    }

    /// <inheritdoc/>
    public async Task<bool> SaveNoteAsync(SealedHead head, SignedNote note, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(head);
        ArgumentNullException.ThrowIfNull(note);
        var rows = await _database.WriteAsync(
            "sign_tree_head",
            parameters =>
            {
                Add(parameters, head.Size);
                Add(parameters, head.Root.ToArray());
                Add(parameters, note.ToUtf8());
            },
            static _ => 0,
            cancellationToken).ConfigureAwait(false);
        return rows.Count == 1;
    }

    /// <inheritdoc/>
    public async Task<bool> ConfirmNoteAsync(SealedHead head, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(head);
        var rows = await _database.WriteAsync(
            "confirm_tree_head",
            parameters =>
            {
                Add(parameters, head.Size);
                Add(parameters, head.Root.ToArray());
            },
            static _ => 0,
            cancellationToken).ConfigureAwait(false);
        return rows.Count == 1;
    }

    /// <inheritdoc/>
    public Task<LocatedLeaf?> FindAsync(Guid eventId, CancellationToken cancellationToken) =>
        _leaves.FindAsync(eventId, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<LeafRecord>> ReadSealedAsync(
        long firstIndex, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstIndex);
        CheckCount(count, nameof(count));
        return await _leaves.ReadSealedAsync(firstIndex, count, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<LeafRun>> ReadRunsAsync(
        long fromIndex, int maxCount, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(fromIndex);
        CheckCount(maxCount, nameof(maxCount));
        return await _database.QueryAsync(
            "read_leaf_runs",
            parameters =>
            {
                Add(parameters, fromIndex);
                Add(parameters, maxCount);
            },
            static reader => new LeafRun(reader.GetInt64(0), new Position(reader.GetInt64(1))),
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<EventEnvelope?> LoadEventAsync(Guid eventId, CancellationToken cancellationToken) =>
        _leaves.LoadEventAsync(eventId, cancellationToken);

    /// <inheritdoc/>
    public async Task<LedgerStatus> GetStatusAsync(CancellationToken cancellationToken)
    {
        var rows = await _database.QueryAsync(
            "get_ledger_status",
            static _ => { },
            static reader => new LedgerStatus(
                reader.GetInt64(0),
                reader.GetInt64(1),
                reader.IsDBNull(2) ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Max(0, reader.GetDouble(2)))),
            cancellationToken).ConfigureAwait(false);
        return rows[0];
    }

    /// <inheritdoc/>
    /// <exception cref="StoreUnavailableException">
    /// The store cannot be reached, or this is a standby that does not have the tiles yet.
    /// </exception>
    public async Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadAsync(
        IReadOnlyList<MerkleTile> tiles, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(tiles);
        var rows = await _database.QueryAsync(
            "read_tiles",
            parameters =>
            {
                Add(parameters, tiles.Select(tile => (short)tile.Level).ToArray());
                Add(parameters, tiles.Select(tile => tile.Index).ToArray());
            },
            static reader => new TileRow(
                reader.IsDBNull(0) ? null : reader.GetFieldValue<byte[]>(0),
                reader.IsDBNull(1) ? null : reader.GetInt64(1)),
            cancellationToken).ConfigureAwait(false);
        return [.. rows.Zip(tiles, static (row, tile) => row.Of(tile))];
    }

    private static void AddBatch(NpgsqlParameterCollection parameters, Lease lease, SealedBatch batch)
    {
        parameters.Add(new NpgsqlParameter<string> { TypedValue = lease.Name, NpgsqlDbType = NpgsqlDbType.Text });
        Add(parameters, lease.Epoch);
        Add(parameters, batch.Previous.Size);
        Add(parameters, batch.Previous.Root.ToArray());
        Add(parameters, batch.Size);
        Add(parameters, batch.Root.ToArray());
        Add(parameters, batch.LastPosition.Value);
        Add(parameters, batch.Tiles.Select(tile => (short)tile.Tile.Level).ToArray());
        Add(parameters, batch.Tiles.Select(tile => tile.Tile.Index).ToArray());
        parameters.Add(new NpgsqlParameter<ReadOnlyMemory<byte>[]>
        {
            TypedValue = [.. batch.Tiles.Select(tile => tile.Bytes)],
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea,
        });
        Add(parameters, batch.Runs.Select(run => run.FirstIndex).ToArray());
        Add(parameters, batch.Runs.Select(run => run.FirstPosition.Value).ToArray());
    }

    private static void Add<TValue>(NpgsqlParameterCollection parameters, TValue value) =>
        parameters.Add(new NpgsqlParameter<TValue> { TypedValue = value });

    private static void CheckCount(int count, string parameterName)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1, parameterName);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, ILedgerStore.MaxLeaves, parameterName);
    }

    private async Task<SealedHead?> ReadHeadAsync(string statement, CancellationToken cancellationToken)
    {
        var row = new LeafRow();
        var rows = await _database.QueryAsync(
            statement,
            static _ => { },
            reader => new SealedHead(
                reader.GetInt64(0),
                row.ReadDigest(reader, 1),
                new Position(reader.GetInt64(2)),
                reader.GetFieldValue<DateTimeOffset>(3),
                LeafRow.ReadNote(reader, 4)),
            cancellationToken).ConfigureAwait(false);
        return rows is [var head] ? head : null;
    }
}
