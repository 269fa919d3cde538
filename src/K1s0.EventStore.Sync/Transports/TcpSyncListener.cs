using System.Net;
using System.Net.Sockets;

namespace K1s0.EventStore.Sync;

/// <summary>Answers peers that call over TCP, a bounded number at a time. Connections are not encrypted.</summary>
/// <remarks>Disposing stops listening and ends the sessions that are under way; what was confirmed stays.</remarks>
public sealed class TcpSyncListener : IAsyncDisposable
{
    /// <summary>How many sessions run at once when nothing else is said: 64.</summary>
    public const int DefaultMaxSessions = 64;

    private static readonly TimeSpan AfterFailure = TimeSpan.FromMilliseconds(100);

    private readonly ReplicaNode _node;
    private readonly Action<SyncOutcome>? _onEnded;
    private readonly TcpListener _listener;
    private readonly Func<CancellationToken, ValueTask<Socket>> _accept;
    private readonly SemaphoreSlim _free;
    private readonly CancellationTokenSource _stopping = new();

    // Only the accepting loop changes it, and disposal reads it behind that.
    private readonly List<Task> _sessions = [];
    private readonly Task _accepting;

    internal TcpSyncListener(
        ReplicaNode node,
        TcpListener listener,
        int maxSessions,
        Action<SyncOutcome>? onEnded,
        Func<CancellationToken, ValueTask<Socket>> accept)
    {
        (_node, _onEnded, _free) = (node, onEnded, new SemaphoreSlim(maxSessions, maxSessions));
        (_listener, _accept) = (listener, accept);
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens; with the port that was chosen when 0 was asked for.</summary>
    public IPEndPoint LocalEndPoint => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>Begins to listen.</summary>
    /// <param name="node">The node that answers.</param>
    /// <param name="endpoint">Where to listen; port 0 for a free one.</param>
    /// <param name="maxSessions">How many sessions may run at once, 1 to 10,000; further callers wait.</param>
    /// <param name="onEnded">Called at the end of each session, from any thread; must not throw.</param>
    /// <exception cref="SocketException">The endpoint cannot be had.</exception>
    public static TcpSyncListener Start(
        ReplicaNode node,
        IPEndPoint endpoint,
        int maxSessions = DefaultMaxSessions,
        Action<SyncOutcome>? onEnded = null)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxSessions, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxSessions, 10_000);
        var listener = new TcpListener(endpoint);
        listener.Start();
        return new TcpSyncListener(node, listener, maxSessions, onEnded, listener.AcceptSocketAsync);
    }

    /// <summary>Calls a listener.</summary>
    /// <param name="endpoint">Where it listens.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SocketException">Nobody answers.</exception>
    public static async Task<ISyncTransport> ConnectAsync(
        EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endpoint, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        return new StreamSyncTransport(new NetworkStream(socket, ownsSocket: true));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        await Task.WhenAll(_sessions).ConfigureAwait(false);
        _stopping.Dispose();
        _free.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                await _free.WaitAsync(_stopping.Token).ConfigureAwait(false);
                var socket = await AcceptOneAsync().ConfigureAwait(false);
                ForgetEnded();
                _sessions.Add(AnswerAsync(socket));
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    // A caller that gave up meanwhile, or a process without a free descriptor, must not end the listening.
    private async Task<Socket> AcceptOneAsync()
    {
        while (true)
        {
            try
            {
                return await _accept(_stopping.Token).ConfigureAwait(false);
            }
            catch (SocketException)
            {
                await Task.Delay(AfterFailure, _node.Time, _stopping.Token).ConfigureAwait(false);
            }
        }
    }

    // At most as many run as there are slots, so the list stays about as short.
    private void ForgetEnded() => _sessions.RemoveAll(session => session.IsCompletedSuccessfully);

    private async Task AnswerAsync(Socket socket)
    {
        SyncOutcome outcome;
        try
        {
            socket.NoDelay = true;
            var transport = new StreamSyncTransport(new NetworkStream(socket, ownsSocket: true));
            outcome = await _node.SynchroniseAsync(transport, SyncRole.Responder, cancellationToken: _stopping.Token)
                .ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Whatever the store or the connection threw concerns this session; who listens is told.
            socket.Dispose();
            outcome = new SyncOutcome(SyncEndReason.Failed, e.Message, Report: null);
        }
        finally
        {
            _free.Release();
        }

        _onEnded?.Invoke(outcome);
    }
}
