using System.Threading.Channels;

namespace K1s0.EventStore.Sync;

/// <summary>
/// Frames that came and were not looked at yet. Bounded: a peer that keeps to the window it was told never fills it,
/// and one that does not is cut off.
/// </summary>
internal sealed class IncomingFrames(int windowBytes)
{
    private const int MaxFrames = 65_536;

    private readonly Channel<ReadOnlyMemory<byte>> _frames =
        Channel.CreateUnbounded<ReadOnlyMemory<byte>>(
            new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    // Whatever the transport looks at.
    private volatile int _maxFrameBytes = SyncOptions.MaxFrameBytes;
    private long _bytes;
    private int _count;

    /// <summary>The most bytes of a frame that comes from now on.</summary>
    public int MaxFrameBytes
    {
        set => _maxFrameBytes = value;
    }

    /// <summary>Receives until the connection ends. Never throws: the reader gets what went wrong.</summary>
    public async Task FillAsync(ISyncTransport transport, CancellationToken cancellationToken)
    {
        try
        {
            while (await transport.ReceiveAsync(cancellationToken).ConfigureAwait(false) is { } frame)
            {
                var bytes = Interlocked.Add(ref _bytes, frame.Length);
                var count = Interlocked.Increment(ref _count);
                if (frame.Length > _maxFrameBytes
                    || bytes > windowBytes + (2L * SyncOptions.MaxFrameBytes)
                    || count > MaxFrames)
                {
                    throw new InvalidFormatException(
                        "synchronisation", "the peer sends more than it was allowed to.");
                }

                _frames.Writer.TryWrite(frame);
            }

            _frames.Writer.TryComplete();
        }
        catch (Exception e)
        {
            // Whatever a transport throws: who waits for frames must learn of it.
            _frames.Writer.TryComplete(e);
        }
    }

    /// <summary>The next frame; null when the peer ended the connection.</summary>
    public async ValueTask<ReadOnlyMemory<byte>?> NextAsync(CancellationToken cancellationToken)
    {
        while (await _frames.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            if (_frames.Reader.TryRead(out var frame))
            {
                Interlocked.Add(ref _bytes, -frame.Length);
                Interlocked.Decrement(ref _count);
                return frame;
            }
        }

        return null;
    }
}
