using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace K1s0.EventStore.TestServers;

/// <summary>
/// Stands between Npgsql and PostgreSQL, knows where messages begin and end, and cuts a connection at an exact place:
/// record a clean conversation first, then arm each of <see cref="CutPlan.EveryCutOf"/> and repeat it.
/// </summary>
/// <remarks>
/// Counting is over all connections together, so nothing else may use the proxy meanwhile, and the first connection of
/// a data source (which loads types) must have been opened before. Safe for use by several threads.
/// </remarks>
public sealed class PostgresProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly NpgsqlConnectionStringBuilder _target;
    private readonly CutWatch _watch = new();
    private readonly Gate _toServer = new();
    private readonly Gate _toClient = new();
    private readonly ConcurrentDictionary<ProxiedConnection, bool> _connections = new();
    private readonly Task _accepting;

    private PostgresProxy(NpgsqlConnectionStringBuilder target)
    {
        _target = target;
        _listener.Start();
        var port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        ConnectionString = new NpgsqlConnectionStringBuilder(target.ConnectionString)
        {
            Host = IPAddress.Loopback.ToString(),
            Port = port,
        }.ConnectionString;
        _accepting = AcceptAsync();
    }

    /// <summary>Leads to the same database, through the proxy.</summary>
    public string ConnectionString { get; }

    /// <summary>The messages that passed, or were cut, since <see cref="Record"/> or <see cref="Arm"/>.</summary>
    public IReadOnlyList<ProxyMessage> Conversation => _watch.Passed;

    /// <summary>The answers that the server gave after the cut, and that the client did not see whole.</summary>
    public IReadOnlyList<ProxyMessage> Swallowed => _watch.Swallowed;

    /// <summary>Whether the armed cut has happened.</summary>
    public bool HasCut => _watch.Cut is not null;

    /// <summary>
    /// Whether a request has begun to pass whose end has not. The server may be busy with the first part already: what
    /// is recorded or armed now would count the rest.
    /// </summary>
    public bool IsRequestUnderWay => _connections.Keys.Any(connection => connection.IsRequestUnderWay);

    /// <summary>Starts a proxy on a free port of 127.0.0.1 for the server that the connection string names.</summary>
    public static PostgresProxy Start(string connectionString) => new(new NpgsqlConnectionStringBuilder(connectionString));

    /// <summary>Starts recording anew; nothing is cut.</summary>
    public void Record() => _watch.Begin(plan: null);

    /// <summary>Starts recording anew, and cuts once, as planned. Connections made afterwards pass.</summary>
    public void Arm(CutPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        _watch.Begin(plan);
    }

    /// <summary>
    /// Returns when the server has done all that the cut connection will make it do: it has read what was forwarded,
    /// committed or rolled back, and ended the session.
    /// </summary>
    /// <exception cref="InvalidOperationException">The armed cut has not happened.</exception>
    /// <exception cref="ServerFailedException">The session did not end within 3 minutes.</exception>
    public async Task WaitForServerToFinishAsync()
    {
        var cut = _watch.Cut ?? throw new InvalidOperationException("Nothing has been cut.");
        try
        {
            await cut.Finished.WaitAsync(Poll.Bound);
        }
        catch (TimeoutException e)
        {
            throw new ServerFailedException($"The server still holds the session {Poll.Bound} after the cut.", e);
        }
    }

    /// <summary>Forwards nothing in a direction any more, on old and new connections alike, and closes nothing.</summary>
    public void Freeze(MessageDirection direction) => GateOf(direction).Close();

    /// <summary>Forwards what has waited, and all that follows.</summary>
    public void Thaw(MessageDirection direction) => GateOf(direction).Open();

    /// <summary>Resets every connection that is open now, as when a network goes away.</summary>
    public void CutAll()
    {
        foreach (var connection in _connections.Keys)
        {
            connection.Abort();
        }
    }

    /// <summary>Stops listening and resets what is open.</summary>
    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
        CutAll();
        _toServer.Open();
        _toClient.Open();
        await Task.WhenAll(_connections.Keys.Select(connection => connection.Finished));
    }

    private Gate GateOf(MessageDirection direction) =>
        direction == MessageDirection.Frontend ? _toServer : _toClient;

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptSocketAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Disposed.
                return;
            }

            client.NoDelay = true;
            if (await ConnectAsync() is not { } server)
            {
                // The server is down. The client sees what it would see of a server's machine: the end.
                client.Dispose();
                continue;
            }

            var connection = new ProxiedConnection(client, server, _watch, _toServer, _toClient);
            _connections[connection] = true;
            _ = ServeAsync(connection);
        }
    }

    private async Task ServeAsync(ProxiedConnection connection)
    {
        await connection.RunAsync();
        _connections.TryRemove(connection, out _);
    }

    private async Task<Socket?> ConnectAsync()
    {
        var isSocketFolder = _target.Host!.StartsWith('/');
        EndPoint endPoint = isSocketFolder
            ? new UnixDomainSocketEndPoint(Path.Combine(
                _target.Host, $".s.PGSQL.{_target.Port.ToString(CultureInfo.InvariantCulture)}"))
            : new DnsEndPoint(_target.Host, _target.Port);
        var server = isSocketFolder
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await server.ConnectAsync(endPoint);
            return server;
        }
        catch (SocketException)
        {
            server.Dispose();
            return null;
        }
    }
}
