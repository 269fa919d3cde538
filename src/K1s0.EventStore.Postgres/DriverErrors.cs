using System.Data;
using System.Globalization;
using System.Net.Sockets;
using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>What the driver's exceptions mean here: told by code, severity and constraint, never by text.</summary>
internal static class DriverErrors
{
    private const string EventsArchived = "ES410";

    // PostgreSQL reports a row without a partition as a check violation without a constraint's name.
    public static bool IsMissingPartition(Exception e) =>
        e is PostgresException { SqlState: PostgresErrorCodes.CheckViolation, ConstraintName: null or "" };

    /// <summary>The events that a statement would have to find are in the archive.</summary>
    public static bool IsArchived(Exception e, out Position through)
    {
        // The bound comes in a field of its own.
        through = e is PostgresException { SqlState: EventsArchived, ColumnName: { } bound }
            && long.TryParse(bound, NumberStyles.None, CultureInfo.InvariantCulture, out var position)
            ? new Position(position)
            : default;
        return e is PostgresException { SqlState: EventsArchived };
    }

    /// <summary>Somebody else's locks were in the way for too long.</summary>
    public static bool IsLocked(Exception? e) => e is PostgresException
    {
        SqlState: PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected,
    };

    public static bool IsEventIdTaken(Exception e) =>
        e is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "event_ids_pkey" };

    public static bool IsFromDriver(Exception e) =>
        e is NpgsqlException or SocketException or IOException or TimeoutException;

    /// <summary>
    /// The same, also when the connection was lost unnoticed between two statements: the server's answer to an earlier
    /// one can be the last that comes over it.
    /// </summary>
    public static bool IsFromDriver(Exception e, NpgsqlConnection connection) =>
        IsFromDriver(e)
        || (e is InvalidOperationException and not ObjectDisposedException
            && connection.State is not ConnectionState.Open);

    /// <summary>
    /// Whether the server said that it undid the statement. An error of severity ERROR does; a session that was ended
    /// (FATAL, PANIC), and anything that is not the server's word, may have come after the commit.
    /// </summary>
    public static bool IsUndone(Exception e) => e is PostgresException { InvariantSeverity: "ERROR" };

    /// <summary>Whether the same statement may succeed when it is repeated.</summary>
    public static bool IsTransient(Exception e) =>
        e is PostgresException { SqlState: PostgresErrorCodes.QueryCanceled } || e is not PostgresException
        || e is PostgresException { IsTransient: true };

    /// <summary>The exception to show for a statement that certainly changed nothing.</summary>
    public static EventStoreException Translate(Exception e, string statement) => e switch
    {
        PostgresException
        {
            SqlState: PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedFunction
                or PostgresErrorCodes.InvalidSchemaName or PostgresErrorCodes.UndefinedColumn
        } missing => new StoreSchemaException(
            "The tables or functions of the event store are missing or of another version: run "
                + "PostgresSchema.MigrateAsync, or "
            + "let the application migrate at its start.",
            found: 0,
            PostgresSchema.SupportedVersion,
            missing),
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } denied
            when statement is "ensure_partitions" => Denied(
                "PostgreSQL denies the right to run ensure_partitions: a partition is missing, and only the schema's "
                    + "owner may make it. Run PostgresSchema.EnsurePartitionsAsync as the owner.",
                denied),
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } denied => Denied(
            $"PostgreSQL denies the right to run {statement}: see the schema's functions grant_writer, "
                + "grant_sealer, grant_archiver and grant_reader.",
            denied),
        _ when IsArchived(e, out var through) => new EventsArchivedException(through),
        _ when IsMissingPartition(e) => new StoreOperationException(
            $"PostgreSQL refused {statement}: this month has no partition. Run PostgresSchema.EnsurePartitionsAsync, "
                + "and "
            + "check that upkeep runs. In a transaction of the caller it cannot be made.",
            e),
        _ when IsTransient(e) || !IsUndone(e) => new StoreUnavailableException(
            $"PostgreSQL could not run {statement} at the moment ({Describe(e)}).", e),
        _ => new StoreOperationException($"PostgreSQL refused {statement} ({Describe(e)}).", e),
    };

    /// <summary>The exception to show for a statement that was to write and commit by itself.</summary>
    public static EventStoreException TranslateWrite(Exception e, string statement) =>
        IsUndone(e)
            ? Translate(e, statement)
            : new WriteOutcomeUnknownException($"the connection was lost during {statement}: {Describe(e)}", e);

    /// <summary>The error in one line, without the detail: that may hold values of the row.</summary>
    public static string Describe(Exception e) =>
        e is PostgresException reported ? $"{reported.SqlState}: {reported.MessageText}" : e.Message;

    private static StoreOperationException Denied(string message, PostgresException denied) =>
        new(message, denied) { IsAccessDenied = true };
}
