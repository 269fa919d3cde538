using System.Buffers.Binary;
using System.Security.Cryptography;

namespace K1s0.EventStore.Integrity;

/// <summary>
/// The 32 bytes of a SHA-256 digest (FIPS 180-4), held without an array. The default value is all zero: no digest.
/// </summary>
public readonly record struct Sha256Digest
{
    /// <summary>The length in bytes: 32.</summary>
    public const int Length = SHA256.HashSizeInBytes;

    private readonly ulong _first;
    private readonly ulong _second;
    private readonly ulong _third;
    private readonly ulong _fourth;

    /// <summary>The digest with these bytes.</summary>
    /// <param name="bytes">Exactly 32 bytes.</param>
    /// <exception cref="ArgumentException">The length is another.</exception>
    public Sha256Digest(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Length)
        {
            throw new ArgumentException($"A SHA-256 digest has {Length} bytes, not {bytes.Length}.", nameof(bytes));
        }

        _first = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _second = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _third = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        _fourth = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
    }

    /// <summary>Whether this is the default value, which no data hashes to.</summary>
    public bool IsNone => (_first | _second | _third | _fourth) == 0;

    /// <summary>The digest of some bytes.</summary>
    /// <param name="data">The bytes to hash.</param>
    public static Sha256Digest Of(ReadOnlySpan<byte> data)
    {
        Span<byte> digest = stackalloc byte[Length];
        ShortSha256.HashData(data, digest);
        return new Sha256Digest(digest);
    }

    /// <summary>Reads 64 hexadecimal digits, the form of <see cref="ToString"/>.</summary>
    /// <param name="hex">64 digits in either case.</param>
    /// <exception cref="FormatException">It is not hexadecimal.</exception>
    /// <exception cref="ArgumentException">The length is another.</exception>
    public static Sha256Digest Parse(string hex) => new(Convert.FromHexString(hex));

    /// <summary>Writes the 32 bytes.</summary>
    /// <param name="destination">At least 32 bytes.</param>
    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _first);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _second);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], _third);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], _fourth);
    }

    /// <summary>The 32 bytes in a new array.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Length];
        CopyTo(bytes);
        return bytes;
    }

    /// <summary>64 hexadecimal digits in lower case.</summary>
    public override string ToString() => Convert.ToHexStringLower(ToArray());
}
