namespace K1s0.EventStore.Sqlite;

/// <summary>Snapshots in an SQLite file, the latest one of each stream and name. Thread-safe.</summary>
public sealed class SqliteSnapshotStore : ISnapshotStore
{
    private readonly SqliteStoreFile _file;
    private readonly SnapshotSerializer _serializer;

    /// <summary>A snapshot store in a file, which is opened with the first call.</summary>
    /// <param name="file">The file; owned by the caller.</param>
    /// <param name="limits">How states are serialised; the defaults when null.</param>
    public SqliteSnapshotStore(SqliteStoreFile file, EventStoreOptions? limits = null)
    {
        ArgumentNullException.ThrowIfNull(file);
        _file = file;
        _serializer = new SnapshotSerializer(limits?.SerializerOptions);
    }

    /// <inheritdoc/>
    public Task SaveAsync<TState>(
        StreamId streamId, long version, TState state, CancellationToken cancellationToken = default) =>
        SaveAsync(streamId, string.Empty, version, state, cancellationToken);

    /// <inheritdoc/>
    public Task SaveAsync<TState>(
        StreamId streamId, string stateName, long version, TState state, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streamId);
        SnapshotName.Check(stateName, nameof(stateName));
        ArgumentOutOfRangeException.ThrowIfLessThan(version, 1);
        ArgumentNullException.ThrowIfNull(state);
        var bytes = _serializer.Serialize(state);
        return _file.WriteAsync(
            session =>
            {
                session.Execute(
                    "save_snapshot",
                    streamId.AggregateType,
                    streamId.AggregateId,
                    stateName,
                    version,
                    bytes,
                    UnixMicroseconds.Floor(_file.Now()));
                return true;
            },
            cancellationToken);
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
        var rows = await _file.ReadAsync(
            session => session.Query(
                "load_snapshot",
                static row => (Version: row.Number(0), State: row.Bytes(1).ToArray(), TakenAt: row.Time(2)),
                streamId.AggregateType,
                streamId.AggregateId,
                stateName),
            cancellationToken).ConfigureAwait(false);
        return rows is [var latest]
            ? _serializer.ToSnapshot<TState>(streamId, stateName, latest.Version, latest.State, latest.TakenAt)
            : null;
    }
}
