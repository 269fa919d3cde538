using K1s0.EventStore.Sqlite.Telemetry;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace K1s0.EventStore.Sqlite;

/// <summary>
/// The file of a store, with its one writer and its readers: what <see cref="SqliteEventStore"/>,
/// <see cref="SqliteSnapshotStore"/> and <see cref="SqliteCheckpointStore"/> share. Opened when it is first used, or by
/// <see cref="OpenAsync"/>. Thread-safe.
/// </summary>
/// <remarks>
/// <para>Any number of processes of one machine may have the file open; they write in turns. A network file system does
/// not keep the locks that this needs.</para>
/// <para>A crash at any moment leaves a file that the next opener repairs by itself, with every transaction whole or
/// absent.</para>
/// </remarks>
public sealed class SqliteStoreFile : IAsyncDisposable, IDisposable
{
    private readonly SqliteOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly WriteQueue _writes;
    private readonly ReaderPool _reads;

    // Held while the file is opened; never disposed, because a caller may still wait.
    private readonly SemaphoreSlim _opening = new(1, 1);
    private volatile bool _isOpen;

    /// <summary>A file that is not opened yet.</summary>
    /// <param name="options">Which file, and how the store works on it.</param>
    /// <param name="timeProvider">Where the recorded time comes from; the system's clock when null.</param>
    /// <param name="loggerFactory">Where to log; nowhere when null.</param>
    /// <exception cref="ArgumentException">An option is missing or out of its range.</exception>
    public SqliteStoreFile(
        SqliteOptions options, TimeProvider? timeProvider = null, ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = SqliteOptionsRules.Checked(options);
        _timeProvider = timeProvider ?? TimeProvider.System;
        _logger = (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger<SqliteStoreFile>();
        FilePath = options.FullPath;
        _writes = new WriteQueue(
            new TransactionWriter(OpenWriter, FilePath, _logger), options.MaxQueuedWrites);
        _reads = new ReaderPool(OpenReader, options.MaxReaders);
    }

    /// <summary>The version of the schema that this library works with.</summary>
    public static int SupportedVersion => SqliteSchema.SupportedVersion;

    /// <summary>The file, absolute.</summary>
    public string FilePath { get; }

    internal int PageSize => _options.PageSize;

    /// <summary>
    /// Opens the file, and makes or migrates it where <see cref="SqliteOptions.MigrateOnOpen"/> allows. Does nothing
    /// when it is open. Everything else calls this by itself.
    /// </summary>
    /// <param name="cancellationToken">Gives up as long as another call opens the file.</param>
    /// <exception cref="StoreSchemaException">
    /// The schema is newer than this library, or it is missing or older and may not be migrated, or the file belongs to
    /// another program. Nothing in it was changed.
    /// </exception>
    /// <exception cref="StoreOperationException">
    /// The file cannot be opened, is no database, is damaged or read-only, or there is no native library of SQLite.
    /// </exception>
    /// <exception cref="StoreDurabilityException">The file is where SQLite cannot keep a write-ahead log.</exception>
    /// <exception cref="StoreUnavailableException">Another process holds the file for too long.</exception>
    public async Task OpenAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_isOpen)
        {
            return;
        }

        await _opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!_isOpen)
            {
                await Task.Run(Prepare, CancellationToken.None).ConfigureAwait(false);
                _isOpen = true;
            }
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>
    /// Begins another life of the store: positions and checkpoints of the time before are refused from now on. For the
    /// operator, after the file was replaced by an older copy of itself.
    /// </summary>
    /// <param name="cancellationToken">Gives up as long as the write waits.</param>
    /// <returns>The new identity.</returns>
    public Task<StoreIdentity> BeginEpochAsync(CancellationToken cancellationToken = default) =>
        WriteAsync(session => session.Query("begin_epoch", ReadIdentity)[0], cancellationToken);

    /// <summary>Takes no more calls, waits for those that were taken, and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        await _writes.DisposeAsync().ConfigureAwait(false);
        await _reads.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Takes no more calls; the file is closed when those that were taken have ended.</summary>
    public void Dispose()
    {
        _writes.Dispose();
        _reads.Dispose();
    }

    internal static StoreIdentity ReadIdentity(SqliteRow row) => new(row.Id(0), row.Number(1));

    internal DateTimeOffset Now() => _timeProvider.GetUtcNow();

    /// <summary>Reads on a connection of the pool; what it returns does not hold the connection.</summary>
    internal async Task<TResult> ReadAsync<TResult>(
        Func<SqliteSession, TResult> read, CancellationToken cancellationToken)
    {
        await OpenAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await _reads.ReadAsync(read, cancellationToken).ConfigureAwait(false);
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.Translate(e, FilePath);
        }
    }

    /// <summary>Writes something that is no append: a lost answer to its commit is an ordinary failure.</summary>
    internal Task<TResult> WriteAsync<TResult>(
        Func<SqliteSession, TResult> work, CancellationToken cancellationToken) =>
        WriteAsync(work, (_, e) => SqliteErrors.Translate(e, FilePath), bytes: 0, cancellationToken);

    /// <summary>Writes in a transaction that others may share; each keeps its own outcome.</summary>
    internal async Task<TResult> WriteAsync<TResult>(
        Func<SqliteSession, TResult> work,
        Func<string, SqliteException, Exception> unknown,
        long bytes,
        CancellationToken cancellationToken)
    {
        await OpenAsync(cancellationToken).ConfigureAwait(false);
        return await _writes.WriteAsync(work, unknown, bytes, cancellationToken).ConfigureAwait(false);
    }

    private void Prepare()
    {
        SqliteLibrary.Require();
        var mayMake = _options.MigrateOnOpen;
        try
        {
            SqliteSession.Open(
                _options, mayMake ? SqliteOpenMode.ReadWriteCreate : SqliteOpenMode.ReadWrite, SetUp).Dispose();
        }
        catch (SqliteException e) when (!mayMake && !File.Exists(FilePath))
        {
            throw SqliteSchema.Missing(FilePath, e);
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.Translate(e, FilePath);
        }

        _logger.FileOpened(FilePath, SupportedVersion, _options.Durability);
    }

    private void SetUp(SqliteSession session)
    {
        SqliteSchema.UseDurability(session, _options.Durability);
        if (!_options.MigrateOnOpen)
        {
            SqliteSchema.Check(session, FilePath);
            return;
        }

        var found = SqliteSchema.Migrate(session, FilePath, Now());
        if (found != SupportedVersion)
        {
            _logger.FileMigrated(FilePath, found, SupportedVersion);
        }
    }

    private SqliteSession OpenWriter() => SqliteSession.Open(
        _options,
        SqliteOpenMode.ReadWrite,
        session => SqliteSchema.UseDurability(session, _options.Durability));

    private SqliteSession OpenReader() => SqliteSession.Open(
        _options, SqliteOpenMode.ReadWrite, static session => session.Execute("set_query_only"));
}
