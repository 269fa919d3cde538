using System.Buffers.Binary;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync;

/// <summary>
/// Reads bytes that may be anything. The first mistake breaks the reader: from then on it gives zeros and counts of 0,
/// so that a caller may read on and look once at the end. It allocates nothing and throws nothing.
/// </summary>
/// <remarks>
/// A canonical integer has seven bits a byte, the lowest first; the high bit says that another byte follows. An
/// encoding with a byte more than needed, or of more than 64 bits, is refused, so that each number has one encoding.
/// </remarks>
internal ref struct WireReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;
    private string? _problem;

    public readonly bool IsBroken => _problem is not null;

    /// <summary>What is wrong, as a sentence.</summary>
    public readonly string Problem => _problem ?? "nothing is wrong.";

    public readonly int Remaining => _rest.Length;

    public void Break(string problem)
    {
        _problem ??= problem;
        _rest = default;
    }

    /// <summary>Nothing may follow.</summary>
    public void End()
    {
        if (!_rest.IsEmpty)
        {
            Break("bytes follow behind its end.");
        }
    }

    public byte Byte()
    {
        if (_rest.IsEmpty)
        {
            Break("it is cut.");
            return 0;
        }

        var value = _rest[0];
        _rest = _rest[1..];
        return value;
    }

    public ulong Integer()
    {
        var value = 0UL;
        for (var i = 0; i < _rest.Length && i < 10; i++)
        {
            var part = _rest[i];
            value |= (ulong)(part & 0x7F) << (7 * i);
            if (part < 0x80)
            {
                if ((part == 0 && i > 0) || (i == 9 && part > 1))
                {
                    break;
                }

                _rest = _rest[(i + 1)..];
                return value;
            }
        }

        Break("an integer is cut or not canonical.");
        return 0;
    }

    /// <summary>An integer that fits into a positive <see cref="long"/>.</summary>
    public long Int64(long minimum = 0)
    {
        var value = Integer();
        if (value <= long.MaxValue && (long)value >= minimum)
        {
            return (long)value;
        }

        Break("an integer is out of range.");
        return 0;
    }

    /// <summary>
    /// A number of things that follow. Whoever allocates for them knows that they can be there: the number is within
    /// its limit and within what the remaining bytes can hold.
    /// </summary>
    public int Count(int maximum, int leastBytesEach)
    {
        var value = Integer();
        if (value <= (ulong)maximum && value * (ulong)leastBytesEach <= (ulong)_rest.Length)
        {
            return (int)value;
        }

        Break("a count is over its limit or over what follows.");
        return 0;
    }

    public ReadOnlySpan<byte> Bytes(int count)
    {
        if (_rest.Length < count)
        {
            Break("it is cut.");
            return default;
        }

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    public ReadOnlySpan<byte> Field(int maximum) => Bytes(Count(maximum, 1));

    public Sha256Digest Digest() =>
        Bytes(Sha256Digest.Length) is { IsEmpty: false } taken ? new Sha256Digest(taken) : default;

    public ulong UInt64() =>
        Bytes(sizeof(ulong)) is { IsEmpty: false } taken ? BinaryPrimitives.ReadUInt64BigEndian(taken) : 0;

    public Origin Origin()
    {
        var replica = Bytes(ReplicaId.Length) is { IsEmpty: false } taken
            ? new ReplicaId(BinaryPrimitives.ReadUInt128BigEndian(taken))
            : default;
        return new Origin(replica, Integer());
    }

    public Dot Dot() => new(Origin(), Int64(minimum: 1));
}
