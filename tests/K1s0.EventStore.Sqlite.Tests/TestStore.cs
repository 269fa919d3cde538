namespace K1s0.EventStore.Sqlite.Tests;

/// <summary>An open store in a file, in all of its roles.</summary>
internal sealed class TestStore : IAsyncDisposable
{
    public TestStore(string path, Action<SqliteOptions>? configure = null)
    {
        var options = new SqliteOptions { FilePath = path };
        configure?.Invoke(options);
        File = new SqliteStoreFile(options);
        Store = new SqliteEventStore(File);
        Snapshots = new SqliteSnapshotStore(File);
        Checkpoints = new SqliteCheckpointStore(File);
    }

    public SqliteStoreFile File { get; }

    public SqliteEventStore Store { get; }

    public SqliteSnapshotStore Snapshots { get; }

    public SqliteCheckpointStore Checkpoints { get; }

    public ValueTask DisposeAsync() => File.DisposeAsync();
}
