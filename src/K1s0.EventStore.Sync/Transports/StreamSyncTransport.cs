using System.Buffers;
using System.Buffers.Binary;

namespace K1s0.EventStore.Sync;

/// <summary>
/// Frames over any duplex stream: a socket, TLS, a pipe. Each frame stands behind its length, 4 bytes, big-endian.
/// </summary>
public sealed class StreamSyncTransport : ISyncTransport, IPacedTransport
{
    // No more than the pump wants to see moved in the time of a peer's silence: over a slow link a larger piece would
    // go for longer than that without a sign of it.
    private const int PieceBytes = SyncPump.LeastBytesMoved;

    private readonly Stream _stream;
    private readonly bool _leaveOpen;
    private readonly byte[] _header = new byte[sizeof(uint)];
    private volatile int _maxReceivedBytes = SyncOptions.MaxFrameBytes;
    private long _bytesMoved;

    /// <summary>A transport.</summary>
    /// <param name="stream">A stream that is read and written.</param>
    /// <param name="leaveOpen">Whether disposing leaves the stream open.</param>
    public StreamSyncTransport(Stream stream, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(stream);
        (_stream, _leaveOpen) = (stream, leaveOpen);
    }

    internal StreamSyncTransport(Stream stream, ReplicaId peer)
        : this(stream) => AuthenticatedPeer = peer;

    /// <inheritdoc/>
    public ReplicaId? AuthenticatedPeer { get; }

    long IPacedTransport.BytesMoved => Volatile.Read(ref _bytesMoved);

    int IPacedTransport.MaxReceivedBytes
    {
        set => _maxReceivedBytes = value;
    }

    /// <inheritdoc/>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(frame.Length, SyncOptions.MaxFrameBytes, nameof(frame));

        // The length together with what follows, so that a frame goes in one packet where it can.
        var buffer = ArrayPool<byte>.Shared.Rent(sizeof(uint) + frame.Length);
        try
        {
            BinaryPrimitives.WriteInt32BigEndian(buffer, frame.Length);
            frame.CopyTo(buffer.AsMemory(sizeof(uint)));
            for (var rest = buffer.AsMemory(0, sizeof(uint) + frame.Length); rest.Length > 0;)
            {
                var piece = rest[..Math.Min(rest.Length, PieceBytes)];
                await _stream.WriteAsync(piece, cancellationToken).ConfigureAwait(false);
                Interlocked.Add(ref _bytesMoved, piece.Length);
                rest = rest[piece.Length..];
            }

            await _stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>?> ReceiveAsync(CancellationToken cancellationToken = default)
    {
        var read = await _stream.ReadAtLeastAsync(
            _header, _header.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        Interlocked.Add(ref _bytesMoved, read);
        if (read == 0)
        {
            return null;
        }

        if (read < _header.Length)
        {
            throw new EndOfStreamException("The connection ended within a frame.");
        }

        // Looked at before anything is reserved for it.
        var length = BinaryPrimitives.ReadUInt32BigEndian(_header);
        if (length == 0 || length > _maxReceivedBytes)
        {
            throw new InvalidFormatException("frame of a synchronisation", $"it announces {length} bytes.");
        }

        var frame = new byte[length];
        for (var rest = frame.AsMemory(); rest.Length > 0;)
        {
            var count = await _stream.ReadAsync(rest, cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                throw new EndOfStreamException("The connection ended within a frame.");
            }

            Interlocked.Add(ref _bytesMoved, count);
            rest = rest[count..];
        }

        return frame;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _leaveOpen ? ValueTask.CompletedTask : _stream.DisposeAsync();
}
