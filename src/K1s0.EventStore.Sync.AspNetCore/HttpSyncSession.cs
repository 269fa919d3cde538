using System.Threading.Channels;

namespace K1s0.EventStore.Sync.AspNetCore;

/// <summary>
/// A session between two requests: frames that came and that are to go, at most 4 in each direction. Who has more
/// waits.
/// </summary>
internal sealed class HttpSyncSession(string id, ReplicaId? peer) : ISyncTransport, IPacedTransport
{
    private readonly Channel<ReadOnlyMemory<byte>> _incoming =
        Channel.CreateBounded<ReadOnlyMemory<byte>>(HttpSyncProtocol.MaxFrames);

    private readonly Channel<ReadOnlyMemory<byte>> _outgoing =
        Channel.CreateBounded<ReadOnlyMemory<byte>>(HttpSyncProtocol.MaxFrames);

    private readonly CancellationTokenSource _ended = new();
    private readonly Lock _lock = new();

    // Guarded by the lock: the bodies of the requests that are under way, at most one in each direction.
    private readonly List<StreamSyncTransport> _bodies = [];
    private long _bytesMoved;
    private int _maxReceivedBytes = SyncOptions.MaxFrameBytes;

    public string Id => id;

    public ReplicaId? AuthenticatedPeer => peer;

    public long BytesMoved
    {
        get
        {
            lock (_lock)
            {
                return _bytesMoved + _bodies.Sum(body => ((IPacedTransport)body).BytesMoved);
            }
        }
    }

    public int MaxReceivedBytes
    {
        set
        {
            lock (_lock)
            {
                _maxReceivedBytes = value;
                _bodies.ForEach(body => ((IPacedTransport)body).MaxReceivedBytes = value);
            }
        }
    }

    /// <summary>The requests that bring frames, and those that fetch them.</summary>
    public RequestOrder Pushes { get; } = new();

    public RequestOrder Pulls { get; } = new();

    /// <summary>Ends with the session, and after the peer has fetched what was said last.</summary>
    public Task Completion { get; set; } = Task.CompletedTask;

    /// <summary>Fires when the node is done with the session.</summary>
    public CancellationToken Ended => _ended.Token;

    public ChannelReader<ReadOnlyMemory<byte>> Outgoing => _outgoing.Reader;

    public async ValueTask SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken = default)
    {
        try
        {
            await _outgoing.Writer.WriteAsync(frame.ToArray(), cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException e)
        {
            throw new IOException("The peer has ended the session.", e);
        }
    }

    public async ValueTask<ReadOnlyMemory<byte>?> ReceiveAsync(CancellationToken cancellationToken = default)
    {
        while (await _incoming.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            if (_incoming.Reader.TryRead(out var frame))
            {
                return frame;
            }
        }

        return null;
    }

    /// <summary>The body of a request or of its answer; what moves in it counts until it is left.</summary>
    public StreamSyncTransport Enter(Stream stream)
    {
        var body = new StreamSyncTransport(stream, leaveOpen: true);
        lock (_lock)
        {
            ((IPacedTransport)body).MaxReceivedBytes = _maxReceivedBytes;
            _bodies.Add(body);
        }

        return body;
    }

    /// <summary>Nothing more moves in a body.</summary>
    public void Leave(StreamSyncTransport body)
    {
        lock (_lock)
        {
            if (_bodies.Remove(body))
            {
                _bytesMoved += ((IPacedTransport)body).BytesMoved;
            }
        }
    }

    /// <summary>Hands a frame to the node, as soon as it has room; false when it is done.</summary>
    public async ValueTask<bool> TryTakeAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken)
    {
        try
        {
            await _incoming.Writer.WriteAsync(frame, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (ChannelClosedException)
        {
            return false;
        }
    }

    /// <summary>The peer sends and fetches nothing more.</summary>
    /// <param name="failure">What broke; null when the peer said so.</param>
    public void Close(IOException? failure)
    {
        _incoming.Writer.TryComplete(failure);
        _outgoing.Writer.TryComplete();
        while (_outgoing.Reader.TryRead(out _))
        {
            // Nobody fetches it.
        }
    }

    public async ValueTask DisposeAsync()
    {
        _incoming.Writer.TryComplete();
        _outgoing.Writer.TryComplete();
        await _ended.CancelAsync().ConfigureAwait(false);
    }
}
