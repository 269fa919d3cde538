using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Npgsql;

namespace K1s0.EventStore.TestServers;

/// <summary>
/// A throw-away PostgreSQL in a directory of its own, reached through a socket in that directory, so that any number
/// of them run side by side without a port. It ends with this object, and at the latest with this process, also when
/// that is killed. Waits ask every 10 ms and give up after 3 minutes. Linux only.
/// </summary>
public sealed partial class PostgresServer : IAsyncDisposable
{
    private const int DefaultPort = 5432;
    private const string Superuser = "postgres";
    private const int SharedMemoryLine = 6;
    private static readonly TimeSpan PoliteStop = TimeSpan.FromSeconds(10);

    private readonly PostgresBinaries _binaries;
    private readonly ServerDirectory _directory;
    private readonly PostgresServerOptions _options;
    private BoundProcess? _process;

    private PostgresServer(PostgresBinaries binaries, ServerDirectory directory, PostgresServerOptions options)
    {
        _binaries = binaries;
        _directory = directory;
        _options = options;
        Port = options.ListenOnTcp ? Ports.Free() : DefaultPort;
    }

    /// <summary>The folder of the socket.</summary>
    public string SocketDirectory => _directory.FullPath;

    /// <summary>The data directory.</summary>
    public string DataDirectory => _directory.Entry("data");

    /// <summary>The port, which also names the socket; the server listens on it only when told to.</summary>
    public int Port { get; }

    /// <summary>The process id of the postmaster.</summary>
    /// <exception cref="InvalidOperationException">It does not run.</exception>
    public int ProcessId => Running.Id;

    /// <summary>Whether the postmaster runs.</summary>
    public bool IsRunning => _process is { Exited.IsCompleted: false };

    private string LogFile => _directory.Entry("log");

    private BoundProcess Running =>
        IsRunning ? _process! : throw new InvalidOperationException("The server is stopped. Call StartAgainAsync first.");

    /// <summary>Makes a new, empty server and returns when it answers (about half a second).</summary>
    /// <exception cref="ServerNotInstalledException">PostgreSQL is not installed.</exception>
    /// <exception cref="ServerFailedException">It did not start; the message has its log.</exception>
    public static async Task<PostgresServer> StartAsync(PostgresServerOptions? options = null)
    {
        var binaries = PostgresBinaries.Find();
        var server = new PostgresServer(binaries, await ServerDirectory.CreateAsync(), options ?? new PostgresServerOptions());
        try
        {
            await Command.RunAsync(BoundProcess.Unprivileged([
                binaries.Program("initdb"), "-D", server.DataDirectory, "-U", Superuser, "-A", "trust",
                "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]));
            await server.StartAgainAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Makes a streaming standby of this server, with the same settings, and returns when it answers. Reads see what has
    /// arrived; writes are refused.
    /// </summary>
    /// <exception cref="ServerFailedException">The copy failed or did not start; the message says why.</exception>
    public async Task<PostgresServer> StartStandbyAsync()
    {
        var standby = new PostgresServer(_binaries, await ServerDirectory.CreateAsync(), _options);
        try
        {
            await Command.RunAsync(BoundProcess.Unprivileged([
                _binaries.Program("pg_basebackup"), "-h", SocketDirectory, "-p", Port.ToString(CultureInfo.InvariantCulture),
                "-U", Superuser, "-D", standby.DataDirectory, "-R", "-X", "stream", "-c", "fast", "--no-sync"]));
            await standby.StartAgainAsync();
            return standby;
        }
        catch
        {
            await standby.DisposeAsync();
            throw;
        }
    }

    /// <summary>The connection string of a database through the socket.</summary>
    public string ConnectionString(string database = Superuser) => Builder(SocketDirectory, database).ConnectionString;

    /// <summary>The connection string of a database over TCP.</summary>
    /// <exception cref="InvalidOperationException">The server was not told to listen.</exception>
    public string TcpConnectionString(string database = Superuser) =>
        _options.ListenOnTcp
            ? Builder(IPAddress.Loopback.ToString(), database).ConnectionString
            : throw new InvalidOperationException("Start the server with ListenOnTcp.");

    /// <summary>Creates an empty database and returns its connection string.</summary>
    public async Task<string> CreateDatabaseAsync(string name)
    {
        await Databases.CreateAsync(ConnectionString(), name);
        return ConnectionString(name);
    }

    /// <summary>Starts the stopped server again on its data and returns when it answers, that is, after recovery.</summary>
    /// <exception cref="ServerFailedException">It ended or did not answer; the message has its log.</exception>
    public async Task StartAgainAsync()
    {
        if (IsRunning)
        {
            throw new InvalidOperationException("The server runs already.");
        }

        _process = await BoundProcess.StartServerAsync(ProcessSignal.Interrupt, LogFile, CommandLine());
        await WaitUntilReadyAsync();
    }

    /// <summary>Returns when the server accepts a connection; also useful after it restarted itself.</summary>
    /// <exception cref="ServerFailedException">It ended or did not answer; the message has its log.</exception>
    public Task WaitUntilReadyAsync() =>
        Poll.UntilAsync(
            async () => IsRunning
                ? await Databases.AnswersAsync(ConnectionString())
                : throw new ServerFailedException($"PostgreSQL ended with {await _process!.Exited}:\n{ReadLog()}"),
            () => $"an answer of PostgreSQL. Its log:\n{ReadLog()}");

    /// <summary>Stops in an orderly way (SIGINT): sessions are ended, a checkpoint is written.</summary>
    public Task StopAsync() => StopByAsync(ProcessSignal.Interrupt);

    /// <summary>Stops at once (SIGQUIT): no checkpoint, the next start recovers from the log.</summary>
    public Task StopImmediateAsync() => StopByAsync(ProcessSignal.Quit);

    /// <summary>
    /// Kills the postmaster (SIGKILL) and returns when the processes that it left behind are gone too: they notice its
    /// death by themselves, which takes up to some seconds, and until then no new server may start on the data.
    /// </summary>
    public Task KillAsync() => StopByAsync(ProcessSignal.Kill);

    /// <summary>
    /// Kills one backend (SIGKILL) and returns when the postmaster has noticed. It then ends all sessions and restarts
    /// itself: <see cref="WaitUntilReadyAsync"/> returns when that is over.
    /// </summary>
    /// <exception cref="ArgumentException">No process of this server has that id.</exception>
    public async Task KillBackendAsync(int processId)
    {
        if (!LinuxProcesses.WorkingIn(DataDirectory).Contains(processId))
        {
            throw new ArgumentException($"Process {processId} does not belong to this server.", nameof(processId));
        }

        LinuxProcesses.Signal(processId, ProcessSignal.Kill);
        await Poll.UntilAsync(() => !LinuxProcesses.Exists(processId), () => $"the end of backend {processId}");
    }

    /// <summary>Writes a database to a file with <c>pg_dump</c>, in its own compressed format.</summary>
    public Task PgDumpAsync(string database, string file) =>
        RunToolAsync("pg_dump", ["--format=custom", $"--file={file}", database]);

    /// <summary>Reads a file of <see cref="PgDumpAsync"/> into an existing database; the first error ends it.</summary>
    public Task PgRestoreAsync(string database, string file) =>
        RunToolAsync("pg_restore", ["--exit-on-error", $"--dbname={database}", file]);

    /// <summary>
    /// Runs a client program of PostgreSQL (psql, pgbench, …) against this server and returns what it printed.
    /// </summary>
    /// <exception cref="ServerFailedException">It ended with another exit code than 0.</exception>
    public Task<string> RunToolAsync(string program, IReadOnlyList<string> arguments, string? input = null) =>
        Command.RunAsync(
            [_binaries.Program(program), .. arguments],
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["PGHOST"] = SocketDirectory,
                ["PGPORT"] = Port.ToString(CultureInfo.InvariantCulture),
                ["PGUSER"] = Superuser,
            },
            input);

    /// <summary>What the server has logged since it was made.</summary>
    public string ReadLog() => File.Exists(LogFile) ? File.ReadAllText(LogFile) : string.Empty;

    /// <summary>Stops the server and deletes everything it had. Calling it again does nothing.</summary>
    public async ValueTask DisposeAsync()
    {
        _process?.Signal(ProcessSignal.Interrupt);
        if (_process is not null && await Task.WhenAny(_process.Exited, Task.Delay(PoliteStop)) != _process.Exited)
        {
            KillAll();
            await _process.Exited;
        }

        DeleteTraces();
    }

    /// <summary>The same, for the end of the process, where nothing can be awaited any more.</summary>
    internal void DisposeAtProcessExit()
    {
        _process?.Signal(ProcessSignal.Quit);
        if (_process?.Exited.Wait(PoliteStop) == false)
        {
            KillAll();
        }

        DeleteTraces();
    }

    private NpgsqlConnectionStringBuilder Builder(string host, string database) =>
        new() { Host = host, Port = Port, Username = Superuser, Database = database };

    private async Task StopByAsync(ProcessSignal signal)
    {
        var postmaster = Running;
        var known = LinuxProcesses.WorkingIn(DataDirectory);
        postmaster.Signal(signal);
        await Poll.UntilAsync(() => postmaster.Exited.IsCompleted, () => $"the end of PostgreSQL. Its log:\n{ReadLog()}");

        // A process gives up its working directory shortly before it is dead, and one may have been born meanwhile.
        IReadOnlyList<int> Left() => [.. LinuxProcesses.WorkingIn(DataDirectory).Union(known.Where(LinuxProcesses.Runs))];
        await Poll.UntilAsync(
            () => Left().Count == 0,
            () => $"the end of processes {string.Join(", ", Left())}, left by PostgreSQL");
    }

    private void KillAll()
    {
        foreach (var process in LinuxProcesses.WorkingIn(DataDirectory))
        {
            LinuxProcesses.Signal(process, ProcessSignal.Kill);
        }
    }

    private void DeleteTraces()
    {
        // Only a server that had no chance to clean up leaves its lock file; its line 7 has the key and the id of a
        // shared memory segment that would stay until the machine restarts.
        var lockFile = Path.Combine(DataDirectory, "postmaster.pid");
        var line = File.Exists(lockFile) ? File.ReadLines(lockFile).ElementAtOrDefault(SharedMemoryLine) : null;
        if (SharedMemoryId().Match(line ?? string.Empty) is { Success: true } match)
        {
            LinuxProcesses.RemoveSharedMemorySegment(int.Parse(match.Groups["id"].ValueSpan, CultureInfo.InvariantCulture));
        }

        _directory.Dispose();
    }

    private List<string> CommandLine()
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["listen_addresses"] = _options.ListenOnTcp ? IPAddress.Loopback.ToString() : string.Empty,
            ["port"] = Port.ToString(CultureInfo.InvariantCulture),
            ["unix_socket_directories"] = SocketDirectory,
            ["fsync"] = _options.Fsync ? "on" : "off",
            ["full_page_writes"] = _options.Fsync ? "on" : "off",
            ["wal_level"] = "logical",
            ["max_connections"] = "200",
            ["dynamic_shared_memory_type"] = "mmap",
        };
        foreach (var (name, value) in _options.Settings)
        {
            settings[name] = value;
        }

        List<string> command = [_binaries.Program("postgres"), "-D", DataDirectory];
        foreach (var (name, value) in settings)
        {
            command.AddRange(["-c", $"{name}={value}"]);
        }

        return command;
    }

    [GeneratedRegex(@"^\s*\d+\s+(?<id>\d+)\s*$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SharedMemoryId();
}
