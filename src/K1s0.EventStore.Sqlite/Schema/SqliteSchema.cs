using Microsoft.Data.Sqlite;

namespace K1s0.EventStore.Sqlite;

/// <summary>
/// Checks whose file it is, and makes and migrates its tables. Migrations are numbered and only move forward. Safe when
/// any number of processes open the file at once.
/// </summary>
/// <remarks>All migrations that are missing commit together: a crash leaves the file before or after them.</remarks>
internal static class SqliteSchema
{
    // "K1s0" in ASCII; the first migration writes it.
    private const long ApplicationId = 0x4B317330;

    private const long NormalSynchronous = 1;
    private const long FullSynchronous = 2;

    /// <summary>The version of the schema that this library works with.</summary>
    public static int SupportedVersion => SqlCatalog.Migrations.Count;

    /// <summary>The version of the schema in the file; 0 for an empty file.</summary>
    /// <exception cref="StoreSchemaException">The file belongs to another program.</exception>
    public static int ReadVersion(SqliteSession session, string path)
    {
        if (session.Number("get_application_id") == ApplicationId)
        {
            return (int)session.Number("get_schema_version");
        }

        // Nobody's file is ours to fill only as long as nothing is in it.
        return session.Number("count_tables") == 0 && session.Number("get_application_id") == 0
            ? 0
            : throw new StoreSchemaException(
                $"{path} is an SQLite database of another program: choose another file. Nothing in it was changed.",
                found: 0,
                SupportedVersion);
    }

    /// <summary>Brings the file to <see cref="SupportedVersion"/>.</summary>
    /// <returns>The version that it had.</returns>
    public static int Migrate(SqliteSession session, string path, DateTimeOffset now)
    {
        // Looked at before anything is changed, and again under the lock.
        Refuse(ReadVersion(session, path), path, isMigrating: true);
        UseWriteAheadLog(session, path);
        session.Execute("begin_write");
        var found = ReadVersion(session, path);
        Refuse(found, path, isMigrating: true);
        foreach (var migration in SqlCatalog.Migrations.Skip(found))
        {
            session.Run(migration);
        }

        if (found == 0)
        {
            session.Execute(
                "create_store",
                Guid.CreateVersion7(now).ToByteArray(bigEndian: true),
                UnixMicroseconds.Floor(now));
        }

        session.Execute("commit_write");
        return found;
    }

    /// <summary>Refuses a file whose schema does not fit.</summary>
    public static void Check(SqliteSession session, string path)
    {
        Refuse(ReadVersion(session, path), path, isMigrating: false);
        UseWriteAheadLog(session, path);
    }

    /// <summary>Sets what a commit waits for, and makes sure that it is set.</summary>
    public static void UseDurability(SqliteSession session, SqliteDurability durability)
    {
        var isFull = durability is SqliteDurability.Full;
        session.Run(SqlCatalog.Statement(isFull ? "set_full_durability" : "set_crash_durability"));
        var actual = session.Number("get_synchronous");
        if (actual != (isFull ? FullSynchronous : NormalSynchronous))
        {
            throw new StoreDurabilityException(
                $"SQLite did not take the durability {durability}: synchronous is {actual}.");
        }
    }

    /// <summary>The exception for a file that does not exist, where none may be made.</summary>
    public static StoreSchemaException Missing(string path, SqliteException e) => new(
        $"There is no event store at {path}: let it be made ({nameof(SqliteOptions)}."
        + $"{nameof(SqliteOptions.MigrateOnOpen)}), or correct the path.",
        found: 0,
        SupportedVersion,
        e);

    private static void Refuse(int found, string path, bool isMigrating)
    {
        if (found > SupportedVersion)
        {
            throw new StoreSchemaException(
                $"The schema of {path} is newer than this library: use the version that migrated it, or a later one "
                + $"(found {found}, supported {SupportedVersion}).",
                found,
                SupportedVersion);
        }

        if (found < SupportedVersion && !isMigrating)
        {
            throw new StoreSchemaException(
                $"The schema of {path} is missing or older than this library: set {nameof(SqliteOptions)}."
                + $"{nameof(SqliteOptions.MigrateOnOpen)} (found {found}, supported {SupportedVersion}).",
                found,
                SupportedVersion);
        }
    }

    private static void UseWriteAheadLog(SqliteSession session, string path)
    {
        var mode = session.Query("set_wal_mode", static row => row.Text(0))[0];
        if (mode is not "wal")
        {
            throw new StoreDurabilityException(
                $"SQLite cannot keep a write-ahead log for {path} (journal mode {mode}): put it on a local disk.");
        }
    }
}
