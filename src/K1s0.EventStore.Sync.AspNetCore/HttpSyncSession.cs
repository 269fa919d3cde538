using System.Threading.Channels;

namespace K1s0.EventStore.Sync.AspNetCore;

/// <summary>
/// A session between two requests: frames that came and that are to go, at most 4 in each direction. Who has more
/// waits.
/// </summary>
internal sealed class HttpSyncSession(string id, ReplicaId? peer) : ISyncTransport
{
    private readonly Channel<ReadOnlyMemory<byte>> _incoming =
        Channel.CreateBounded<ReadOnlyMemory<byte>>(HttpSyncProtocol.MaxFrames);

    private readonly Channel<ReadOnlyMemory<byte>> _outgoing =
        Channel.CreateBounded<ReadOnlyMemory<byte>>(HttpSyncProtocol.MaxFrames);

    private readonly CancellationTokenSource _ended = new();

    public string Id => id;

    public ReplicaId? AuthenticatedPeer => peer;

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
