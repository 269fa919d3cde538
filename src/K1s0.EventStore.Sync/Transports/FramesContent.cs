using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;

namespace K1s0.EventStore.Sync;

/// <summary>Frames as the body of a request; its length is known, for those on the way that want to know it.</summary>
internal sealed class FramesContent : HttpContent
{
    private readonly IReadOnlyList<byte[]> _frames;

    public FramesContent(IReadOnlyList<byte[]> frames)
    {
        _frames = frames;
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
            await stream.WriteAsync(frame, cancellationToken).ConfigureAwait(false);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _frames.Sum(static frame => (long)sizeof(uint) + frame.Length);
        return true;
    }
}
