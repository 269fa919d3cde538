using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sqlite.Tests.Conformance;

/// <summary>A file for each test; another instance opens it again, as another process would.</summary>
internal sealed class SqliteUnderTest : IConformanceStore
{
    private readonly TimeProvider _timeProvider;
    private readonly TemporaryFolder? _folder;
    private readonly SqliteStoreFile _file;
    private readonly SqliteEventStore _store;

    private SqliteUnderTest(
        string path, EventStoreOptions options, TimeProvider timeProvider, TemporaryFolder? folder)
    {
        (Options, _timeProvider, _folder) = (options, timeProvider, folder);
        _file = new SqliteStoreFile(new SqliteOptions { FilePath = path }, timeProvider);
        _store = new SqliteEventStore(_file, options);
        Snapshots = new SqliteSnapshotStore(_file, options);
        Checkpoints = new SqliteCheckpointStore(_file);
        Parked = new ParkedBesideFile(_store);
    }

    public IEventStore Store => _store;

    public IEventAppender Appender => _store;

    public IStreamReader Streams => _store;

    public IFeedReader Feed => _store;

    public ISnapshotStore Snapshots { get; }

    public ICheckpointStore Checkpoints { get; }

    // What the store does not have: see SqliteCompletenessTests.
    public ILeaseStore Leases => throw new NotSupportedException("An SQLite file has no leases.");

    public ILedgerStore Ledger => throw new NotSupportedException("An SQLite file has no log.");

    // Parked events are kept elsewhere.
    public IParkedEventStore Parked { get; }

    public EventStoreOptions Options { get; }

    public static Task<IConformanceStore> CreateAsync(EventStoreOptions options, TimeProvider timeProvider)
    {
        var folder = new TemporaryFolder();
        return Task.FromResult<IConformanceStore>(
            new SqliteUnderTest(folder.File("store.db"), options, timeProvider, folder));
    }

    public Task<IConformanceStore> OpenAnotherAsync() => Task.FromResult<IConformanceStore>(
        new SqliteUnderTest(_file.FilePath, Options, _timeProvider, folder: null));

    public Task RunOutAsync(Lease lease) => throw new NotSupportedException("An SQLite file has no leases.");

    public async ValueTask DisposeAsync()
    {
        await _file.DisposeAsync();
        _folder?.Dispose();
    }
}
