namespace K1s0.EventStore.Sync;

/// <summary>Counts what passes through a transport, and how long the first answer takes.</summary>
internal sealed class MeteredTransport(ISyncTransport inner, TimeProvider time) : ISyncTransport, IPacedTransport
{
    private long _bytesSent;
    private long _bytesReceived;

    // Written once: by the first send, and by the first receive that ends.
    private long _firstSent;
    private long _firstAnswered;

    public ReplicaId? AuthenticatedPeer => inner.AuthenticatedPeer;

    /// <summary>0 as long as the transport within does not say.</summary>
    public long BytesMoved => inner is IPacedTransport paced ? paced.BytesMoved : 0;

    public int MaxReceivedBytes
    {
        set
        {
            if (inner is IPacedTransport paced)
            {
                paced.MaxReceivedBytes = value;
            }
        }
    }

    /// <summary>Measures the link; of this session alone when nobody keeps it.</summary>
    public LinkMeter Link { get; init; } = new();

    public long BytesSent => Volatile.Read(ref _bytesSent);

    public long BytesReceived => Volatile.Read(ref _bytesReceived);

    /// <summary>From the first frame that was sent to the first that came; null while there was none.</summary>
    public TimeSpan? RoundTrip
    {
        get
        {
            var (sent, answered) = (Volatile.Read(ref _firstSent), Volatile.Read(ref _firstAnswered));
            return sent == 0 || answered < sent ? null : time.GetElapsedTime(sent, answered);
        }
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken = default)
    {
        Interlocked.CompareExchange(ref _firstSent, time.GetTimestamp(), 0);
        Interlocked.Add(ref _bytesSent, frame.Length);
        return inner.SendAsync(frame, cancellationToken);
    }

    public async ValueTask<ReadOnlyMemory<byte>?> ReceiveAsync(CancellationToken cancellationToken = default)
    {
        var frame = await inner.ReceiveAsync(cancellationToken).ConfigureAwait(false);
        if (frame is not null)
        {
            Interlocked.CompareExchange(ref _firstAnswered, time.GetTimestamp(), 0);
            Interlocked.Add(ref _bytesReceived, frame.Value.Length);
        }

        return frame;
    }

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
