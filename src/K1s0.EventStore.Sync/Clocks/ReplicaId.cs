using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace K1s0.EventStore.Sync;

/// <summary>
/// Names a replica: 128 bits, given once and never given to another. The default value, all zero, names no replica.
/// </summary>
/// <remarks>
/// Replicas are ordered by the number, big-endian; the order breaks ties and means nothing else.
/// </remarks>
/// <param name="Value">The number.</param>
public readonly record struct ReplicaId(UInt128 Value)
{
    /// <summary>The length in bytes: 16.</summary>
    public const int Length = 16;

    /// <summary>Whether this is the default value, which names no replica.</summary>
    public bool IsNone => Value == UInt128.Zero;

    /// <summary>A new id: a version 7 UUID.</summary>
    /// <param name="timeProvider">Where the time comes from; the system's clock when null.</param>
    public static ReplicaId Create(TimeProvider? timeProvider = null) =>
        Create(timeProvider ?? TimeProvider.System, RandomNumberGenerator.Fill);

    internal static ReplicaId Create(TimeProvider timeProvider, Action<Span<byte>> draw)
    {
        // RFC 9562: 48 bits of milliseconds, the version, chance, and the variant before more chance.
        Span<byte> bytes = stackalloc byte[Length];
        draw(bytes[6..]);
        var milliseconds = timeProvider.GetUtcNow().ToUnixTimeMilliseconds();
        BinaryPrimitives.WriteInt16BigEndian(bytes, (short)(milliseconds >> 32));
        BinaryPrimitives.WriteInt32BigEndian(bytes[2..], (int)milliseconds);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x70);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new ReplicaId(BinaryPrimitives.ReadUInt128BigEndian(bytes));
    }

    /// <summary>Reads 32 hexadecimal digits, the form of <see cref="ToString"/>.</summary>
    /// <param name="hex">32 digits in either case.</param>
    /// <exception cref="FormatException">It is something else.</exception>
    public static ReplicaId Parse(string hex)
    {
        ArgumentNullException.ThrowIfNull(hex);
        return hex.Length == 2 * Length
            ? new ReplicaId(UInt128.Parse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture))
            : throw new FormatException($"A replica id has {2 * Length} hexadecimal digits.");
    }

    /// <summary>32 hexadecimal digits in lower case.</summary>
    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);
}
