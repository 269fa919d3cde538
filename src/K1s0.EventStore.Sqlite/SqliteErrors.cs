using Microsoft.Data.Sqlite;

namespace K1s0.EventStore.Sqlite;

/// <summary>What the driver's exceptions mean here: told by result code, never by text.</summary>
internal static class SqliteErrors
{
    // Result codes of SQLite; they are part of its file format and API, and do not change.
    private const int Perm = 3;
    private const int Busy = 5;
    private const int Locked = 6;
    private const int NoMemory = 7;
    private const int ReadOnly = 8;
    private const int InputOutput = 10;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int Constraint = 19;
    private const int NotDatabase = 26;

    public static bool IsConstraint(SqliteException e) => e.SqliteErrorCode is Constraint;

    /// <summary>The exception to show for a statement that certainly changed nothing.</summary>
    public static EventStoreException Translate(SqliteException e, string path) => e.SqliteErrorCode switch
    {
        Busy or Locked => new StoreUnavailableException(
            $"Another process holds {path} for longer than {nameof(SqliteOptions.BusyTimeout)}: try again, or find out "
            + "who keeps a transaction open.",
            e),
        NoMemory => new StoreUnavailableException($"There is not enough memory to work with {path}.", e),
        _ => new StoreOperationException($"{Explain(e, path)} ({Describe(e)})", e)
        {
            IsAccessDenied = e.SqliteErrorCode is Perm or ReadOnly or CannotOpen,
        },
    };

    /// <summary>What got in the way of a commit, and what to do.</summary>
    public static string Reason(SqliteException e, string path) => $"{Explain(e, path)} {Describe(e)}";

    private static string Explain(SqliteException e, string path) => e.SqliteErrorCode switch
    {
        CannotOpen => $"{path} cannot be opened: check that its folder exists and may be written by this process, and "
            + "that the path names a file.",
        ReadOnly or Perm => $"{path} is read-only: give this process the right to write the file and its folder.",
        NotDatabase => $"{path} is not an SQLite database, or it is encrypted: choose another file. Nothing in it was "
            + "changed.",
        Corrupt => $"{path} is damaged: stop writing, keep a copy, and restore a backup or recover what can be read "
            + "(sqlite3's .recover).",
        Full => $"There is no room for {path}: free space on its disk.",
        InputOutput => $"The disk of {path} reports an error: check the disk and the connection to it.",
        _ => $"SQLite refused to work with {path}.",
    };

    private static string Describe(SqliteException e) => $"SQLite {e.SqliteExtendedErrorCode}: {e.Message}";
}
