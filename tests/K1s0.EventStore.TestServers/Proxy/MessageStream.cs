using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;

namespace K1s0.EventStore.TestServers;

/// <summary>
/// Reads PostgreSQL's framing from a socket: a type byte, then a length of four bytes that counts itself, then the body.
/// The first packet of a connection has no type byte.
/// </summary>
internal sealed class MessageStream : IDisposable
{
    private const int LengthSize = 4;
    private const int LargestStartPacket = 10_000;
    private const int ChunkSize = 65_536;

    private readonly BufferedStream _stream;

    public MessageStream(Socket socket) => _stream = new BufferedStream(new NetworkStream(socket, ownsSocket: false), ChunkSize);

    /// <summary>Reads a whole packet without a type byte; it is empty at the end of the connection.</summary>
    public async Task<byte[]> ReadStartPacketAsync()
    {
        var length = new byte[LengthSize];
        if (await _stream.ReadAtLeastAsync(length, LengthSize, throwOnEndOfStream: false) < LengthSize)
        {
            return [];
        }

        var size = BinaryPrimitives.ReadInt32BigEndian(length);
        if (size is < 2 * LengthSize or > LargestStartPacket)
        {
            throw new IOException($"A packet of {size} bytes does not start a conversation with PostgreSQL.");
        }

        var packet = new byte[size];
        length.CopyTo(packet, 0);
        await _stream.ReadExactlyAsync(packet.AsMemory(LengthSize));
        return packet;
    }

    /// <summary>Reads type and length of the next message, or null at the end of the connection.</summary>
    public async Task<byte[]?> ReadHeaderAsync()
    {
        var header = new byte[1 + LengthSize];
        var read = await _stream.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false);
        return read < header.Length ? null : header;
    }

    /// <summary>
    /// Reads the body that belongs to <paramref name="header"/> to its end and writes the first
    /// <paramref name="portion"/> of the whole message to <paramref name="target"/>.
    /// </summary>
    public async Task RelayAsync(byte[] header, CutPoint portion, Socket target)
    {
        var total = 1L + BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(1));
        var pass = portion switch
        {
            CutPoint.Before => 0,
            CutPoint.Middle => total / 2,
            _ => total,
        };
        var chunk = ArrayPool<byte>.Shared.Rent(ChunkSize);
        try
        {
            // What fits beside the header goes out with it: a small message is one packet.
            header.CopyTo(chunk, 0);
            var filled = header.Length;
            var left = total - filled;
            do
            {
                var read = (int)Math.Min(left, chunk.Length - filled);
                await _stream.ReadExactlyAsync(chunk.AsMemory(filled, read));
                left -= read;
                var sent = (int)Math.Min(pass, filled + read);
                await SendAsync(target, chunk.AsMemory(0, sent));
                pass -= sent;
                filled = 0;
            }
            while (left > 0);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    /// <summary>Reads and throws away all that comes until the other side ends, wherever in a message it stands.</summary>
    public async Task DiscardAsync()
    {
        var chunk = new byte[ChunkSize];
        while (await _stream.ReadAsync(chunk) > 0)
        {
        }
    }

    public static async Task SendAsync(Socket target, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await target.SendAsync(bytes, SocketFlags.None)..];
        }
    }

    public void Dispose() => _stream.Dispose();
}
