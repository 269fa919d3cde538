using System.Buffers;
using System.Buffers.Binary;

namespace K1s0.EventStore.Sync;

/// <summary>
/// Frames over any duplex stream: a socket, TLS, a pipe. Each frame stands behind its length, 4 bytes, big-endian.
/// </summary>
public sealed class StreamSyncTransport : ISyncTransport
{
    private readonly Stream _stream;
    private readonly bool _leaveOpen;
    private readonly byte[] _header = new byte[sizeof(uint)];

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

    /// <inheritdoc/>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(frame.Length, SyncOptions.MaxFrameBytes, nameof(frame));

        // In one write, so that a frame goes in one packet where it can.
        var buffer = ArrayPool<byte>.Shared.Rent(sizeof(uint) + frame.Length);
        try
        {
            BinaryPrimitives.WriteInt32BigEndian(buffer, frame.Length);
            frame.CopyTo(buffer.AsMemory(sizeof(uint)));
            await _stream.WriteAsync(buffer.AsMemory(0, sizeof(uint) + frame.Length), cancellationToken)
                .ConfigureAwait(false);
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
        if (length is 0 or > SyncOptions.MaxFrameBytes)
        {
            throw new InvalidFormatException("frame of a synchronisation", $"it announces {length} bytes.");
        }

        var frame = new byte[length];
        await _stream.ReadExactlyAsync(frame, cancellationToken).ConfigureAwait(false);
        return frame;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _leaveOpen ? ValueTask.CompletedTask : _stream.DisposeAsync();
}
