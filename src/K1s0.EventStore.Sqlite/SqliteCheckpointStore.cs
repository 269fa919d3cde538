namespace K1s0.EventStore.Sqlite;

/// <summary>Checkpoints in an SQLite file. Thread-safe.</summary>
public sealed class SqliteCheckpointStore : ICheckpointStore
{
    private readonly SqliteStoreFile _file;

    /// <summary>A checkpoint store in a file, which is opened with the first call.</summary>
    /// <param name="file">The file; owned by the caller.</param>
    public SqliteCheckpointStore(SqliteStoreFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        _file = file;
    }

    /// <inheritdoc/>
    public Task<CheckpointClaim> ClaimAsync(
        string consumer, string owner, CancellationToken cancellationToken = default)
    {
        ConsumerName.Check(consumer, nameof(consumer));
        ConsumerName.Check(owner, nameof(owner));
        return _file.WriteAsync(
            session => session.Query(
                "claim_checkpoint",
                row => new CheckpointClaim(consumer, owner, row.Number(0), ReadCheckpoint(row)),
                consumer,
                owner,
                UnixMicroseconds.Floor(_file.Now()))[0],
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<Checkpoint?> LoadAsync(string consumer, CancellationToken cancellationToken = default)
    {
        ConsumerName.Check(consumer, nameof(consumer));
        return _file.ReadAsync(session => Read(session, consumer).Checkpoint, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<CheckpointClaim> SaveAsync(
        CheckpointClaim claim, Checkpoint checkpoint, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(claim);
        ArgumentNullException.ThrowIfNull(checkpoint);
        return _file.WriteAsync(session => Save(session, claim, checkpoint), cancellationToken);
    }

    private static (long Epoch, Checkpoint? Checkpoint) Read(SqliteSession session, string consumer) =>
        session.Query(
            "load_checkpoint", static row => (Epoch: row.Number(0), Checkpoint: ReadCheckpoint(row)), consumer)
            is [var found]
            ? found
            : default;

    private static Checkpoint? ReadCheckpoint(SqliteRow row) =>
        row.IsNull(1)
            ? null
            : new Checkpoint(
                new Position(row.Number(1)), new StoreIdentity(row.Id(2), row.Number(3)), row.Digest(4));

    private CheckpointClaim Save(SqliteSession session, CheckpointClaim claim, Checkpoint checkpoint)
    {
        var believed = claim.Checkpoint?.Position ?? Position.Start;
        var saved = session.Query(
            "save_checkpoint",
            static row => row.Number(0),
            claim.Consumer,
            claim.Epoch,
            believed.Value,
            checkpoint.Position.Value,
            checkpoint.Store.StoreId.ToByteArray(bigEndian: true),
            checkpoint.Store.Epoch,
            checkpoint.ChainHash.IsNone ? null : checkpoint.ChainHash.ToArray(),
            UnixMicroseconds.Floor(_file.Now()));
        return saved.Count == 1
            ? claim with { Checkpoint = checkpoint }
            : throw Explain(session, claim, checkpoint, believed);
    }

    private static EventStoreException Explain(
        SqliteSession session, CheckpointClaim claim, Checkpoint checkpoint, Position believed)
    {
        var identity = session.Query("get_identity", SqliteStoreFile.ReadIdentity)[0];
        if (identity != checkpoint.Store)
        {
            return new StoreIdentityException(identity, checkpoint.Store);
        }

        var (epoch, actual) = Read(session, claim.Consumer);
        return new CheckpointConflictException(
            claim.Consumer, claim.Epoch, epoch, believed, actual?.Position ?? Position.Start);
    }
}
