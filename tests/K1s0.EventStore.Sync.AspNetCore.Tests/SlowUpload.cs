using System.Net;
using K1s0.EventStore.Conformance;
using Microsoft.AspNetCore.Builder;

namespace K1s0.EventStore.Sync.AspNetCore.Tests;

/// <summary>
/// A way to a server that takes 20 seconds for each KiB of a body. The clock moves only while a part is on its way: its
/// sender waits for that, and the server has dealt with everything before it and asks for more. So it does not matter
/// which of the threads is faster, nor when they set their timers.
/// </summary>
internal sealed class SlowUpload(ManualTime time) : DelegatingHandler(new SocketsHttpHandler())
{
    private const int PartBytes = 1024;

    private static readonly TimeSpan PartTime = TimeSpan.FromSeconds(20);

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _asked = new(0);

    // Guarded by the lock.
    private long _sent;
    private long _received;
    private bool _isAsking;

    /// <summary>Sees what the server reads.</summary>
    public void Watch(IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        context.Request.Body = new ReadBody(context.Request.Body, this);
        await next(context);
    });

    protected override Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Content = request.Content is { } content ? new SlowContent(content, this) : null;
        return base.SendAsync(request, cancellationToken);
    }

    // The first bytes of a body go at once, or the server would not know of the request.
    private async Task SendAsync(Stream target, ReadOnlyMemory<byte> part, bool isFirst, CancellationToken cancellationToken)
    {
        while (!isFirst && !IsCaughtUp())
        {
            await _asked.WaitAsync(cancellationToken);
        }

        if (!isFirst && part.Length >= PartBytes)
        {
            time.Advance(PartTime);
        }

        lock (_lock)
        {
            _sent += part.Length;
        }

        await target.WriteAsync(part, cancellationToken);
        await target.FlushAsync(cancellationToken);
    }

    private bool IsCaughtUp()
    {
        lock (_lock)
        {
            return _isAsking && _received == _sent;
        }
    }

    private void Asks()
    {
        lock (_lock)
        {
            _isAsking = true;
        }

        _asked.Release();
    }

    private void Got(int count)
    {
        lock (_lock)
        {
            (_isAsking, _received) = (false, _received + count);
        }
    }

    private sealed class SlowContent : HttpContent
    {
        private readonly HttpContent _inner;
        private readonly SlowUpload _upload;

        public SlowContent(HttpContent inner, SlowUpload upload)
        {
            (_inner, _upload) = (inner, upload);
            foreach (var (name, values) in inner.Headers)
            {
                Headers.TryAddWithoutValidation(name, values);
            }

            Headers.ContentLength = inner.Headers.ContentLength;
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override Task SerializeToStreamAsync(
            Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
            _inner.CopyToAsync(new WrittenBody(stream, _upload), context, cancellationToken);

        protected override bool TryComputeLength(out long length)
        {
            length = _inner.Headers.ContentLength ?? 0;
            return true;
        }
    }

    private sealed class WrittenBody(Stream target, SlowUpload upload) : OneWay
    {
        private bool _hasBegun;

        public override bool CanWrite => true;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            for (var rest = buffer; rest.Length > 0;)
            {
                var part = rest[..Math.Min(rest.Length, PartBytes)];
                await upload.SendAsync(target, part, isFirst: !_hasBegun, cancellationToken);
                (_hasBegun, rest) = (true, rest[part.Length..]);
            }
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => target.FlushAsync(cancellationToken);
    }

    private sealed class ReadBody(Stream source, SlowUpload upload) : OneWay
    {
        public override bool CanRead => true;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            upload.Asks();
            var count = await source.ReadAsync(buffer, cancellationToken);
            upload.Got(count);
            return count;
        }
    }

    private abstract class OneWay : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush() => throw new NotSupportedException();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
