using System.Globalization;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace K1s0.EventStore.Sqlite;

/// <summary>
/// One connection with its prepared statements. SQLite works on the calling thread, so all of this is synchronous and
/// says so. Used by one thread at a time.
/// </summary>
internal sealed class SqliteSession : IDisposable
{
    // The driver repeats a statement that found the file locked, with sleeps in between, until this many seconds are
    // over. SQLite itself has waited for longer by then, so the driver never sleeps.
    private const int DriverTimeoutSeconds = 1;

    private static readonly string[] ParameterNames =
        [.. Enumerable.Range(1, 12).Select(number => string.Create(CultureInfo.InvariantCulture, $"${number}"))];

    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteCommand> _commands = new(StringComparer.Ordinal);

    private SqliteSession(SqliteConnection connection) => _connection = connection;

    /// <summary>Turns the row that a statement stands on into something that outlives it.</summary>
    public delegate TRow RowReader<out TRow>(SqliteRow row);

    /// <summary>Opens the file and sets the connection up.</summary>
    /// <exception cref="SqliteException">It cannot be opened; nothing stays open.</exception>
    public static SqliteSession Open(SqliteOptions options, SqliteOpenMode mode, Action<SqliteSession> setUp)
    {
        var settings = new SqliteConnectionStringBuilder
        {
            // An absolute path: names with a meaning of their own (":memory:", "file:...") do not reach the driver.
            DataSource = options.FullPath,
            Mode = mode,
            Pooling = false,
            DefaultTimeout = DriverTimeoutSeconds,
        };
        var session = new SqliteSession(new SqliteConnection(settings.ConnectionString));
        try
        {
            session._connection.Open();
            _ = raw.sqlite3_busy_timeout(session._connection.Handle, (int)options.BusyTimeout.TotalMilliseconds);
            session.Run(SqlCatalog.Statement("set_limits"));
            setUp(session);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Runs an embedded statement and returns its rows.</summary>
    public List<TRow> Query<TRow>(string statement, RowReader<TRow> readRow, params ReadOnlySpan<object?> values)
    {
        var command = Command(statement, values);
        using var reader = command.ExecuteReader();
        var rows = new List<TRow>();
        while (reader.Read())
        {
            rows.Add(readRow(new SqliteRow(reader.Handle!)));
        }

        return rows;
    }

    /// <summary>Runs an embedded statement that returns one number.</summary>
    public long Number(string statement, params ReadOnlySpan<object?> values) =>
        Query(statement, static row => row.Number(0), values)[0];

    /// <summary>Runs an embedded statement for its effect.</summary>
    public void Execute(string statement, params ReadOnlySpan<object?> values) =>
        Command(statement, values).ExecuteNonQuery();

    /// <summary>Runs a script of several statements without parameters.</summary>
    public void Run(string script)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = script;
        command.ExecuteNonQuery();
    }

    /// <summary>Ends the connection; a transaction that is open is rolled back.</summary>
    public void Dispose()
    {
        foreach (var command in _commands.Values)
        {
            command.Dispose();
        }

        _connection.Dispose();
    }

    private SqliteCommand Command(string statement, ReadOnlySpan<object?> values)
    {
        if (!_commands.TryGetValue(statement, out var command))
        {
            command = _connection.CreateCommand();
            command.CommandText = SqlCatalog.Statement(statement);
            for (var i = 0; i < values.Length; i++)
            {
                command.Parameters.Add(new SqliteParameter { ParameterName = ParameterNames[i] });
            }

            _commands.Add(statement, command);
        }

        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i] ?? DBNull.Value;
        }

        return command;
    }
}
