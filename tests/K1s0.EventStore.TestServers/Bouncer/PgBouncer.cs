using System.Globalization;
using Npgsql;

namespace K1s0.EventStore.TestServers;

/// <summary>
/// A throw-away PgBouncer in front of a <see cref="PostgresServer"/>, behind a socket in its own directory. Ends with
/// this object, and at the latest with this process.
/// </summary>
/// <remarks>
/// Debian 12 has version 1.18, which in transaction mode knows no prepared statements (they need 1.21), no LISTEN, no
/// session locks and no <c>Options</c> in the connection string. It accepts <c>Search Path</c> and ignores it.
/// </remarks>
public sealed class PgBouncer : IAsyncDisposable
{
    /// <summary>Names a program that is used instead of searching.</summary>
    public const string ProgramVariable = "K1S0_TEST_PGBOUNCER";

    private const int SocketNumber = 6432;
    private const string Superuser = "postgres";

    private readonly ServerDirectory _directory;
    private readonly BoundProcess _process;

    private PgBouncer(ServerDirectory directory, BoundProcess process)
    {
        _directory = directory;
        _process = process;
    }

    /// <summary>The process id.</summary>
    public int ProcessId => _process.Id;

    /// <summary>The folder of the socket.</summary>
    public string SocketDirectory => _directory.FullPath;

    private string LogFile => _directory.Entry("log");

    /// <summary>Starts one and returns when a connection through it reaches the server.</summary>
    /// <exception cref="ServerNotInstalledException">PgBouncer is not installed.</exception>
    /// <exception cref="ServerFailedException">It did not start; the message has its log.</exception>
    public static async Task<PgBouncer> StartAsync(PostgresServer server, PgBouncerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        var program = FindProgram();
        var directory = await ServerDirectory.CreateAsync();
        try
        {
            var configuration = directory.Entry("pgbouncer.ini");
            await File.WriteAllTextAsync(configuration, Configuration(directory, server, options ?? new PgBouncerOptions()));
            var process = await BoundProcess.StartServerAsync(
                ProcessSignal.Terminate, directory.Entry("log"), [program, configuration]);
            var bouncer = new PgBouncer(directory, process);
            await bouncer.WaitUntilReadyAsync();
            return bouncer;
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    /// <summary>The connection string of a database through PgBouncer.</summary>
    /// <remarks>
    /// <c>No Reset On Close</c>, because the reset that Npgsql sends is for a session, which nobody has here.
    /// </remarks>
    public string ConnectionString(string database = Superuser) => new NpgsqlConnectionStringBuilder
    {
        Host = SocketDirectory,
        Port = SocketNumber,
        Username = Superuser,
        Database = database,
        NoResetOnClose = true,
    }.ConnectionString;

    /// <summary>What PgBouncer has logged.</summary>
    public string ReadLog() => File.Exists(LogFile) ? File.ReadAllText(LogFile) : string.Empty;

    /// <summary>Ends it at once, with all connections through it. Calling it again does nothing.</summary>
    public async ValueTask DisposeAsync()
    {
        _process.Signal(ProcessSignal.Kill);
        await _process.Exited;
        _directory.Dispose();
    }

    private static string FindProgram()
    {
        var configured = Environment.GetEnvironmentVariable(ProgramVariable);
        var program = string.IsNullOrEmpty(configured)
            ? InstalledPrograms.Find("pgbouncer", "/usr/sbin", "/usr/local/sbin")
            : File.Exists(configured) ? configured : null;
        return program ?? throw new ServerNotInstalledException(
            "This needs PgBouncer, which is not there. Install it with "
            + "'apt-get install --no-install-recommends pgbouncer' (./tests/run.sh does it), "
            + $"or name the program in {ProgramVariable}.");
    }

    private static string Configuration(ServerDirectory directory, PostgresServer server, PgBouncerOptions options) =>
        string.Create(CultureInfo.InvariantCulture, $"""
            [databases]
            * = host={server.SocketDirectory} port={server.Port} user={Superuser}

            [pgbouncer]
            listen_addr =
            listen_port = {SocketNumber}
            unix_socket_dir = {directory.FullPath}
            auth_type = any
            pool_mode = {options.PoolMode}
            default_pool_size = {options.PoolSize}
            max_client_conn = 500
            ignore_startup_parameters = extra_float_digits,search_path
            server_login_retry = 1

            """);

    private async Task WaitUntilReadyAsync()
    {
        try
        {
            await Poll.UntilAsync(
                async () => _process.Exited.IsCompleted
                    ? throw new ServerFailedException($"PgBouncer ended with {await _process.Exited}:\n{ReadLog()}")
                    : await Databases.AnswersAsync(ConnectionString()),
                () => $"an answer through PgBouncer. Its log:\n{ReadLog()}");
        }
        catch
        {
            _process.Signal(ProcessSignal.Kill);
            await _process.Exited;
            throw;
        }
    }
}
