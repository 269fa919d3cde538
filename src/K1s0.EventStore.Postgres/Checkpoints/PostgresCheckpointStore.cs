using K1s0.EventStore.Integrity;
using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Checkpoints on PostgreSQL. A write is one compare-and-set statement: no session state, so it works through a pooler
/// in transaction mode. Thread-safe.
/// </summary>
public sealed class PostgresCheckpointStore : ICheckpointStore
{
    private readonly PostgresDatabase _database;

    /// <summary>A checkpoint store in a database whose schema exists (see <see cref="PostgresSchema"/>).</summary>
    /// <param name="dataSource">Where to connect; owned by the application.</param>
    /// <param name="options">How the store works on PostgreSQL; the defaults when null.</param>
    public PostgresCheckpointStore(NpgsqlDataSource dataSource, PostgresOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        options = PostgresOptionsRules.Checked(options);
        _database = new PostgresDatabase(dataSource, new SqlCatalog(new SchemaName(options.Schema)), options);
    }

    /// <inheritdoc/>
    public async Task<CheckpointClaim> ClaimAsync(
        string consumer, string owner, CancellationToken cancellationToken = default)
    {
        ConsumerName.Check(consumer, nameof(consumer));
        ConsumerName.Check(owner, nameof(owner));
        var rows = await _database.WriteAsync(
            "claim_checkpoint",
            parameters =>
            {
                Add(parameters, consumer);
                Add(parameters, owner);
            },
            static reader => (Epoch: reader.GetInt64(0), Checkpoint: ReadCheckpoint(reader)),
            cancellationToken).ConfigureAwait(false);
        return new CheckpointClaim(consumer, owner, rows[0].Epoch, rows[0].Checkpoint);
    }

    /// <inheritdoc/>
    public async Task<Checkpoint?> LoadAsync(string consumer, CancellationToken cancellationToken = default)
    {
        ConsumerName.Check(consumer, nameof(consumer));
        return (await ReadAsync(consumer, null, cancellationToken).ConfigureAwait(false)).Checkpoint;
    }

    /// <inheritdoc/>
    public Task<CheckpointClaim> SaveAsync(
        CheckpointClaim claim, Checkpoint checkpoint, CancellationToken cancellationToken = default) =>
        SaveAsync(claim, checkpoint, null, cancellationToken);

    /// <summary>
    /// Moves the checkpoint inside the caller's transaction, so that it commits together with the effects of the
    /// events. In such a transaction a save that has been made already is refused: its effects are stored as well.
    /// </summary>
    /// <param name="claim">A claim, or what the last save returned.</param>
    /// <param name="checkpoint">The new checkpoint.</param>
    /// <param name="transaction">The caller's transaction; null for one of its own.</param>
    /// <param name="cancellationToken">Gives up; the transaction is then aborted.</param>
    /// <returns>The claim to save with the next time, true once the caller has committed.</returns>
    /// <inheritdoc cref="ICheckpointStore.SaveAsync" path="/exception"/>
    public async Task<CheckpointClaim> SaveAsync(
        CheckpointClaim claim,
        Checkpoint checkpoint,
        NpgsqlTransaction? transaction,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(claim);
        ArgumentNullException.ThrowIfNull(checkpoint);
        var believed = claim.Checkpoint?.Position ?? Position.Start;
        var saved = await _database.WriteAsync(
            "save_checkpoint",
            parameters =>
            {
                Add(parameters, claim.Consumer);
                parameters.Add(new NpgsqlParameter<long> { TypedValue = claim.Epoch });
                parameters.Add(new NpgsqlParameter<long> { TypedValue = believed.Value });
                parameters.Add(new NpgsqlParameter<long> { TypedValue = checkpoint.Position.Value });
                parameters.Add(new NpgsqlParameter<Guid> { TypedValue = checkpoint.Store.StoreId });
                parameters.Add(new NpgsqlParameter<long> { TypedValue = checkpoint.Store.Epoch });
                parameters.Add(
                    new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Bytea, Value = HashOrNull(checkpoint) });

                // In a transaction of the caller a repetition is refused: what it commits with must not happen twice.
                parameters.Add(new NpgsqlParameter<bool> { TypedValue = transaction is null });
            },
            static _ => 0,
            cancellationToken,
            transaction).ConfigureAwait(false);
        return saved.Count == 1
            ? claim with { Checkpoint = checkpoint }
            : throw await ExplainAsync(claim, checkpoint, transaction, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The exception for somebody whose claim does not count any more.</summary>
    internal async Task<CheckpointConflictException> ConflictAsync(
        CheckpointClaim claim, CancellationToken cancellationToken, NpgsqlTransaction? transaction = null)
    {
        var (epoch, actual) = await ReadAsync(claim.Consumer, transaction, cancellationToken).ConfigureAwait(false);
        return new CheckpointConflictException(
            claim.Consumer,
            claim.Epoch,
            epoch,
            claim.Checkpoint?.Position ?? Position.Start,
            actual?.Position ?? Position.Start);
    }

    private static object HashOrNull(Checkpoint checkpoint) =>
        checkpoint.ChainHash.IsNone ? DBNull.Value : checkpoint.ChainHash.ToArray();

    private static void Add(NpgsqlParameterCollection parameters, string text) =>
        parameters.Add(new NpgsqlParameter<string> { TypedValue = text, NpgsqlDbType = NpgsqlDbType.Text });

    private static Checkpoint? ReadCheckpoint(NpgsqlDataReader reader) =>
        reader.IsDBNull(1)
            ? null
            : new Checkpoint(
                new Position(reader.GetInt64(1)),
                new StoreIdentity(reader.GetGuid(2), reader.GetInt64(3)),
                reader.IsDBNull(4) ? default : new Sha256Digest(reader.GetFieldValue<byte[]>(4)));

    private async Task<(long Epoch, Checkpoint? Checkpoint)> ReadAsync(
        string consumer, NpgsqlTransaction? transaction, CancellationToken cancellationToken)
    {
        var rows = await _database.QueryAsync(
            "load_checkpoint",
            parameters => Add(parameters, consumer),
            static reader => (Epoch: reader.GetInt64(0), Checkpoint: ReadCheckpoint(reader)),
            cancellationToken,
            transaction).ConfigureAwait(false);
        return rows is [var row] ? row : default;
    }

    private async Task<EventStoreException> ExplainAsync(
        CheckpointClaim claim,
        Checkpoint checkpoint,
        NpgsqlTransaction? transaction,
        CancellationToken cancellationToken)
    {
        var identities = await _database.QueryAsync(
            "get_identity",
            static _ => { },
            static reader => new StoreIdentity(reader.GetGuid(0), reader.GetInt64(1)),
            cancellationToken,
            transaction).ConfigureAwait(false);
        if (identities[0] != checkpoint.Store)
        {
            return new StoreIdentityException(identities[0], checkpoint.Store);
        }

        return await ConflictAsync(claim, cancellationToken, transaction).ConfigureAwait(false);
    }
}
