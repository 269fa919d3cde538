namespace K1s0.EventStore.Sqlite;

/// <summary>Snapshots in an SQLite file, the latest one of each stream. Thread-safe.</summary>
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
        StreamId streamId, long version, TState state, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streamId);
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
                    version,
                    bytes,
                    UnixMicroseconds.Floor(_file.Now()));
                return true;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<Snapshot<TState>?> LoadLatestAsync<TState>(
        StreamId streamId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streamId);
        var rows = await _file.ReadAsync(
            session => session.Query(
                "load_snapshot",
                static row => (Version: row.Number(0), State: row.Bytes(1).ToArray(), TakenAt: row.Time(2)),
                streamId.AggregateType,
                streamId.AggregateId),
            cancellationToken).ConfigureAwait(false);
        return rows is [var latest]
            ? new Snapshot<TState>(
                streamId, latest.Version, _serializer.Deserialize<TState>(latest.State), latest.TakenAt)
            : null;
    }
}
