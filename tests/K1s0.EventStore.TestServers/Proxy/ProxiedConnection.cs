using System.Buffers.Binary;
using System.Net.Sockets;

namespace K1s0.EventStore.TestServers;

/// <summary>
/// One client's connection and the server's side of it. When it is cut, the client's side ends at once; the server
/// first reads all that was forwarded, then the end of the connection, and its answers are read and thrown away.
/// </summary>
internal sealed class ProxiedConnection
{
    private const int SecureRequest = 80_877_103;
    private const int GssRequest = 80_877_104;
    private const int CancelRequest = 80_877_102;
    private const char ReadyForQuery = 'Z';

    private static readonly byte[] Refusal = [(byte)'N'];

    private readonly Socket _client;
    private readonly Socket _server;
    private readonly CutWatch _watch;
    private readonly Gate _toServer;
    private readonly Gate _toClient;
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Guards the two fields below.
    private readonly Lock _turn = new();
    private bool _cutAmongAnswers;
    private bool _requestOpen;

    // Written by one pump, read by the other.
    private volatile bool _started;
    private volatile bool _swallowing;
    private volatile bool _ended;
    private CutManner _manner;
    private int _clientEnded;

    public ProxiedConnection(Socket client, Socket server, CutWatch watch, Gate toServer, Gate toClient)
    {
        _client = client;
        _server = server;
        _watch = watch;
        _toServer = toServer;
        _toClient = toClient;
    }

    /// <summary>Completes when both sides have ended.</summary>
    public Task Finished => _finished.Task;

    /// <summary>Whether a request has begun to pass whose end has not.</summary>
    public bool IsRequestUnderWay
    {
        get
        {
            lock (_turn)
            {
                return _requestOpen;
            }
        }
    }

    /// <summary>Forwards until both sides have ended. Never throws: a broken connection is what this is for.</summary>
    public async Task RunAsync()
    {
        try
        {
            using var fromClient = new MessageStream(_client);
            using var fromServer = new MessageStream(_server);
            if (await StartAsync(fromClient))
            {
                await Task.WhenAll(PumpRequestsAsync(fromClient), PumpAnswersAsync(fromServer));
            }
            else
            {
                // A cancel request: no answer but the end of the connection.
                await DrainAsync(fromServer);
            }
        }
        catch (Exception e) when (IsBroken(e))
        {
            // One side went away before the conversation began.
        }
        finally
        {
            EndClient(CutManner.Close);
            _server.Dispose();
            _finished.SetResult();
        }
    }

    /// <summary>From here on the client sees no answer any more. Called under the lock of the watch.</summary>
    public void StopAnswering(CutManner manner)
    {
        _manner = manner;
        _swallowing = true;
    }

    /// <summary>Ends both sides at once.</summary>
    public void Abort()
    {
        EndClient(CutManner.Reset);
        _server.Dispose();
    }

    private async Task<bool> StartAsync(MessageStream fromClient)
    {
        while (true)
        {
            var packet = await fromClient.ReadStartPacketAsync();
            var code = packet.Length >= 8 ? BinaryPrimitives.ReadInt32BigEndian(packet.AsSpan(4)) : 0;
            if (code is SecureRequest or GssRequest)
            {
                await MessageStream.SendAsync(_client, Refusal);
                continue;
            }

            await _toServer.WaitAsync();
            await MessageStream.SendAsync(_server, packet);
            return packet.Length > 0 && code != CancelRequest;
        }
    }

    private async Task PumpRequestsAsync(MessageStream fromClient)
    {
        try
        {
            var open = false;
            while (!_ended && await fromClient.ReadHeaderAsync() is { } header)
            {
                await _toServer.WaitAsync();
                var type = (char)header[0];
                var cut = Judge(MessageDirection.Frontend, type);
                EndWhenComplete(requestOpen: true);
                await fromClient.RelayAsync(header, cut ?? CutPoint.After, _server);
                if (cut is not null)
                {
                    break;
                }

                open = LeavesRequestOpen(type, open);
                EndWhenComplete(requestOpen: open);
            }
        }
        catch (Exception e) when (IsBroken(e))
        {
            // Cut by the other pump, or the client or the server is gone.
        }

        if (_swallowing)
        {
            EndClient(_manner);
        }

        EndRequests();
    }

    private async Task PumpAnswersAsync(MessageStream fromServer)
    {
        try
        {
            while (await fromServer.ReadHeaderAsync() is { } header)
            {
                var type = (char)header[0];
                if (!_swallowing)
                {
                    await _toClient.WaitAsync();
                }

                if (_swallowing)
                {
                    _watch.Swallow(type);
                    await fromServer.RelayAsync(header, CutPoint.Before, _client);
                    continue;
                }

                var cut = Judge(MessageDirection.Backend, type);
                _started |= type == ReadyForQuery;
                await fromServer.RelayAsync(header, cut ?? CutPoint.After, _client);
                if (cut is not null)
                {
                    EndWhenComplete(cut: true);
                }
            }
        }
        catch (Exception e) when (IsBroken(e))
        {
            // The server is gone, or the client is and its answers have nowhere to go.
        }

        EndClient(CutManner.Close);
        await DrainAsync(fromServer);
    }

    /// <summary>
    /// Ends the connection after a cut among the answers, once the request that is under way has been forwarded. An
    /// error or a notice is answered before the client has sent all of it, and without waiting it would depend on
    /// timing what such a cut leaves behind.
    /// </summary>
    private void EndWhenComplete(bool cut = false, bool? requestOpen = null)
    {
        lock (_turn)
        {
            _cutAmongAnswers |= cut;
            _requestOpen = requestOpen ?? _requestOpen;
            if (!_cutAmongAnswers || _requestOpen)
            {
                return;
            }

            _ended = true;
        }

        EndClient(_manner);
        EndRequests();
    }

    private CutPoint? Judge(MessageDirection direction, char type) =>
        _started ? _watch.Count(this, new ProxyMessage(direction, type)) : null;

    // Sync, Query, FunctionCall, CopyDone and CopyFail end a request, after Flush the client may wait for answers; the
    // pieces of a copy belong to a Query.
    private static bool LeavesRequestOpen(char type, bool open) => type switch
    {
        'S' or 'Q' or 'F' or 'H' or 'c' or 'f' or 'X' => false,
        'd' => open,
        _ => true,
    };

    private static async Task DrainAsync(MessageStream fromServer)
    {
        try
        {
            await fromServer.DiscardAsync();
        }
        catch (Exception e) when (IsBroken(e))
        {
            // Ended, which is what this waits for.
        }
    }

    private static bool IsBroken(Exception e) => e is IOException or SocketException or ObjectDisposedException;

    private void EndClient(CutManner manner)
    {
        if (Interlocked.Exchange(ref _clientEnded, 1) == 1)
        {
            return;
        }

        if (manner == CutManner.Reset)
        {
            _client.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        else
        {
            ShutdownQuietly(_client, SocketShutdown.Both);
        }

        _client.Dispose();
    }

    private void EndRequests() => ShutdownQuietly(_server, SocketShutdown.Send);

    private static void ShutdownQuietly(Socket socket, SocketShutdown how)
    {
        try
        {
            socket.Shutdown(how);
        }
        catch (Exception e) when (IsBroken(e))
        {
            // Ended already.
        }
    }
}
