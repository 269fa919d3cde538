using System.Net;
using System.Net.Sockets;

namespace K1s0.EventStore.Sync;

/// <summary>
/// Answers peers that call over TCP, a bounded number at a time. Connections are encrypted where a
/// <see cref="PeerTls"/> is given.
/// </summary>
/// <remarks>Disposing stops listening and ends the sessions that are under way; what was confirmed stays.</remarks>
public sealed class TcpSyncListener : IAsyncDisposable
{
    /// <summary>How many sessions run at once when nothing else is said: 64.</summary>
    public const int DefaultMaxSessions = 64;

    private static readonly TimeSpan AfterFailure = TimeSpan.FromMilliseconds(100);

    private readonly ReplicaNode _node;
    private readonly PeerTls? _tls;
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
        Func<CancellationToken, ValueTask<Socket>> accept,
        PeerTls? tls = null)
    {
        _tls = tls;
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
    /// <param name="tls">Who may call, by certificate; null for connections that are not encrypted.</param>
    /// <exception cref="SocketException">The endpoint cannot be had.</exception>
    public static TcpSyncListener Start(
        ReplicaNode node,
        IPEndPoint endpoint,
        int maxSessions = DefaultMaxSessions,
        Action<SyncOutcome>? onEnded = null,
        PeerTls? tls = null)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxSessions, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxSessions, 10_000);
        var listener = new TcpListener(endpoint);
        listener.Start();
        return new TcpSyncListener(node, listener, maxSessions, onEnded, listener.AcceptSocketAsync, tls);
    }

    /// <summary>Calls a listener; the connection is not encrypted.</summary>
    /// <param name="endpoint">Where it listens.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SocketException">Nobody answers.</exception>
    public static async Task<ISyncTransport> ConnectAsync(
        EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new StreamSyncTransport(await OpenAsync(endpoint, cancellationToken).ConfigureAwait(false));

    /// <summary>Calls a listener over TLS.</summary>
    /// <param name="endpoint">Where it listens.</param>
    /// <param name="tls">The certificates.</param>
    /// <param name="peer">The replica that is to answer; null for any whose certificate is accepted.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SocketException">Nobody answers.</exception>
    /// <exception cref="PeerRefusedException">
    /// Another answers, or one without a certificate that is accepted. A listener that refuses this side ends the
    /// connection instead, when the session begins.
    /// </exception>
    public static async Task<ISyncTransport> ConnectAsync(
        EndPoint endpoint, PeerTls tls, ReplicaId? peer = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(tls);
        var stream = await OpenAsync(endpoint, cancellationToken).ConfigureAwait(false);
        return await tls.CallAsync(stream, peer, TimeProvider.System, cancellationToken).ConfigureAwait(false);
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

    private static async Task<NetworkStream> OpenAsync(EndPoint endpoint, CancellationToken cancellationToken)
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

        return new NetworkStream(socket, ownsSocket: true);
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
            catch (InvalidOperationException) when (_stopping.IsCancellationRequested)
            {
                // A place became free while the listening ended.
                throw new OperationCanceledException(_stopping.Token);
            }
            catch (Exception e) when (e is SocketException || !_stopping.IsCancellationRequested)
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
            var stream = new NetworkStream(socket, ownsSocket: true);
            var transport = _tls is null
                ? new StreamSyncTransport(stream)
                : await _tls.AnswerAsync(stream, _node.Time, _stopping.Token).ConfigureAwait(false);
            outcome = await _node.SynchroniseAsync(transport, SyncRole.Responder, cancellationToken: _stopping.Token)
                .ConfigureAwait(false);
        }
        catch (PeerRefusedException e)
        {
            outcome = new SyncOutcome(SyncEndReason.NotAuthenticated, e.Message, Report: null);
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
