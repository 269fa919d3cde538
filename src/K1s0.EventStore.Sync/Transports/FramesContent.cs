using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;

namespace K1s0.EventStore.Sync;

/// <summary>Frames as the body of a request; its length is known, for those on the way that want to know it.</summary>
internal sealed class FramesContent : HttpContent
{
    private readonly IReadOnlyList<byte[]> _frames;
    private readonly Action<int> _moved;

    /// <param name="frames">The frames.</param>
    /// <param name="moved">Is told how many bytes have gone, part by part.</param>
    public FramesContent(IReadOnlyList<byte[]> frames, Action<int> moved)
    {
        (_frames, _moved) = (frames, moved);
        Headers.ContentType = new MediaTypeHeaderValue(HttpSyncProtocol.ContentType);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var length = new byte[sizeof(uint)];
        foreach (var frame in _frames)
        {
            BinaryPrimitives.WriteInt32BigEndian(length, frame.Length);
            await stream.WriteAsync(length, cancellationToken).ConfigureAwait(false);
            _moved(length.Length);
            for (var rest = frame.AsMemory(); rest.Length > 0;)
            {
                var part = rest[..Math.Min(rest.Length, SyncPump.LeastBytesMoved)];
                await stream.WriteAsync(part, cancellationToken).ConfigureAwait(false);
                _moved(part.Length);
                rest = rest[part.Length..];
            }
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _frames.Sum(static frame => (long)sizeof(uint) + frame.Length);
        return true;
    }
}
