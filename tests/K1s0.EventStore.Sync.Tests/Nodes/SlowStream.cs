using System.Threading.Channels;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>
/// One end of a link that carries 1 KiB in 20 seconds. The clock moves only while a part is on its way: its sender waits
/// for that, and its receiver has dealt with everything before it and asks for more. So it does not matter which of the
/// two threads is faster, nor when they set their timers.
/// </summary>
internal sealed class SlowStream : Stream
{
    private const int PartBytes = 1024;

    private static readonly TimeSpan PartTime = TimeSpan.FromSeconds(20);

    private readonly Wire _outgoing;
    private readonly Wire _incoming;
    private readonly ManualTime _time;

    private SlowStream(Wire outgoing, Wire incoming, ManualTime time) =>
        (_outgoing, _incoming, _time) = (outgoing, incoming, time);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public static (SlowStream Left, SlowStream Right) CreatePair(ManualTime time)
    {
        var (there, back) = (new Wire(), new Wire());
        return (new SlowStream(there, back, time), new SlowStream(back, there, time));
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _incoming.TakeAsync(buffer, cancellationToken);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        for (var rest = buffer; rest.Length > 0;)
        {
            var part = rest[..Math.Min(rest.Length, PartBytes)];
            await _outgoing.WaitForReaderAsync(cancellationToken);
            if (part.Length == PartBytes)
            {
                _time.Advance(PartTime);
            }

            _outgoing.Give(part);
            rest = rest[part.Length..];
        }
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush() => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override ValueTask DisposeAsync()
    {
        _outgoing.Close();
        _incoming.Close();
        return base.DisposeAsync();
    }

    /// <summary>One direction: a part goes when the reader has nothing left and asks.</summary>
    private sealed class Wire
    {
        private readonly Channel<bool> _asked = Channel.CreateUnbounded<bool>();
        private readonly Channel<byte[]> _parts = Channel.CreateUnbounded<byte[]>();

        // Only the reader.
        private ReadOnlyMemory<byte> _rest;

        public async ValueTask<int> TakeAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            if (_rest.IsEmpty)
            {
                _asked.Writer.TryWrite(true);
                if (!await _parts.Reader.WaitToReadAsync(cancellationToken))
                {
                    return 0;
                }

                _rest = await _parts.Reader.ReadAsync(cancellationToken);
            }

            var taken = _rest[..Math.Min(buffer.Length, _rest.Length)];
            taken.CopyTo(buffer);
            _rest = _rest[taken.Length..];
            return taken.Length;
        }

        public async ValueTask WaitForReaderAsync(CancellationToken cancellationToken)
        {
            if (!await _asked.Reader.WaitToReadAsync(cancellationToken) || !_asked.Reader.TryRead(out _))
            {
                throw new IOException("The other end has closed the link.");
            }
        }

        public void Give(ReadOnlyMemory<byte> part) => _parts.Writer.TryWrite(part.ToArray());

        public void Close()
        {
            _asked.Writer.TryComplete();
            _parts.Writer.TryComplete();
        }
    }
}
