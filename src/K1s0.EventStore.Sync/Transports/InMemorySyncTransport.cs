using System.Threading.Channels;

namespace K1s0.EventStore.Sync;

/// <summary>Two ends of a connection within one process, for tests and for stores of one process.</summary>
public sealed class InMemorySyncTransport : ISyncTransport
{
    private const int MaxFramesOnTheWay = 64;

    private readonly ChannelReader<byte[]> _incoming;
    private readonly ChannelWriter<byte[]> _outgoing;

    private InMemorySyncTransport(ChannelReader<byte[]> incoming, ChannelWriter<byte[]> outgoing) =>
        (_incoming, _outgoing) = (incoming, outgoing);

    /// <summary>A connection: what one end sends the other receives. At most 64 frames are on the way.</summary>
    public static (InMemorySyncTransport Left, InMemorySyncTransport Right) CreatePair()
    {
        var there = Channel.CreateBounded<byte[]>(MaxFramesOnTheWay);
        var back = Channel.CreateBounded<byte[]>(MaxFramesOnTheWay);
        return (new InMemorySyncTransport(back, there), new InMemorySyncTransport(there, back));
    }

    /// <inheritdoc/>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken = default)
    {
        try
        {
            await _outgoing.WriteAsync(frame.ToArray(), cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException e)
        {
            throw new IOException("The other end has ended the connection.", e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>?> ReceiveAsync(CancellationToken cancellationToken = default)
    {
        while (await _incoming.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            if (_incoming.TryRead(out var frame))
            {
                return frame;
            }
        }

        return null;
    }

    /// <summary>Ends the connection in both directions.</summary>
    public ValueTask DisposeAsync()
    {
        _outgoing.TryComplete();
        return ValueTask.CompletedTask;
    }
}
