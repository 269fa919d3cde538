using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync;

/// <summary>Writes what <see cref="WireReader"/> reads. Not thread-safe; the buffer goes back when disposed.</summary>
internal sealed class WireWriter : IDisposable
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(256);

    public int Length { get; private set; }

    /// <summary>What was written; valid until the next write.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, Length);

    public void Clear() => Length = 0;

    public void Byte(byte value) => Room(1)[0] = value;

    /// <summary>A canonical integer: seven bits a byte, the lowest first, no byte more than needed.</summary>
    public void Integer(ulong value)
    {
        var room = Room(10);
        var length = 0;
        while (value >= 0x80)
        {
            room[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        room[length++] = (byte)value;
        Length -= room.Length - length;
    }

    public void Bytes(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Room(bytes.Length));

    /// <summary>The length and the bytes.</summary>
    public void Field(ReadOnlySpan<byte> bytes)
    {
        Integer((ulong)bytes.Length);
        Bytes(bytes);
    }

    /// <summary>The length in UTF-8 and the text.</summary>
    public void Text(string text)
    {
        Integer((ulong)Encoding.UTF8.GetByteCount(text));
        Encoding.UTF8.GetBytes(text, Room(Encoding.UTF8.GetByteCount(text)));
    }

    public void Digest(Sha256Digest digest) => digest.CopyTo(Room(Sha256Digest.Length));

    public void UInt64(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Room(sizeof(ulong)), value);

    public void Origin(Origin origin)
    {
        BinaryPrimitives.WriteUInt128BigEndian(Room(ReplicaId.Length), origin.Replica.Value);
        Integer(origin.Incarnation);
    }

    public void Dot(Dot dot)
    {
        Origin(dot.Origin);
        Integer((ulong)dot.Sequence);
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        (_buffer, Length) = ([], 0);
    }

    private Span<byte> Room(int count)
    {
        if (_buffer.Length - Length < count)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(checked(Length + count), 2 * _buffer.Length));
            Written.CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        var room = _buffer.AsSpan(Length, count);
        Length += count;
        return room;
    }
}
