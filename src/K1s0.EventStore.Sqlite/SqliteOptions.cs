using System.ComponentModel.DataAnnotations;

namespace K1s0.EventStore.Sqlite;

/// <summary>How one store works on its SQLite file. Validated when the application starts.</summary>
public sealed class SqliteOptions
{
    /// <summary>
    /// The file, relative to the working directory or absolute. Its folder must exist; beside it SQLite keeps
    /// <c>-wal</c> and <c>-shm</c> files while the store is open.
    /// </summary>
    /// <value>The environment variable <c>EVENT_STORE_SQLITE_FILE</c>, otherwise empty: it must be set.</value>
    [Required]
    public string FilePath { get; set; } = string.Empty;

    /// <summary>What an append that was confirmed survives.</summary>
    /// <value><see cref="SqliteDurability.Full"/> by default: a power loss.</value>
    public SqliteDurability Durability { get; set; }

    /// <summary>How many events a page has when a stream is read as a sequence.</summary>
    /// <value>The environment variable <c>EVENT_STORE_BATCH_SIZE</c>, otherwise 1,000; 1 to 10,000.</value>
    [Range(1, FeedPage.MaxEvents)]
    public int PageSize { get; set; } = 1_000;

    /// <summary>How many reads are under way at once, each on a connection of its own.</summary>
    /// <value>4 by default; 1 to 64.</value>
    [Range(1, 64)]
    public int MaxReaders { get; set; } = 4;

    /// <summary>How many writes may wait for the writer; further callers wait for a place.</summary>
    /// <value>10,000 by default; 1 to 1,000,000.</value>
    [Range(1, 1_000_000)]
    public int MaxQueuedWrites { get; set; } = 10_000;

    /// <summary>
    /// How long a write waits while another process writes. Afterwards it ends as
    /// <see cref="StoreUnavailableException"/>; nothing was written.
    /// </summary>
    /// <value>5 seconds by default; 1 second to 10 minutes.</value>
    public TimeSpan BusyTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether the file and its tables are made and migrated when the store is opened.</summary>
    /// <value>true by default. Otherwise opening fails when the schema does not fit.</value>
    public bool MigrateOnOpen { get; set; } = true;

    /// <summary>The file, absolute.</summary>
    internal string FullPath => Path.GetFullPath(FilePath);
}
