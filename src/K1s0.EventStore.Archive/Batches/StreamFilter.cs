using System.Buffers.Binary;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>
/// Which streams a frame may hold: a Bloom filter over stream tags, 16 bits a stream, 8 probes, so that about one
/// stream in 1,700 that is not there seems to be.
/// </summary>
/// <remarks>
/// m bits in bytes, m a multiple of 64; bit b is bit b mod 8 of byte b / 8, from the lowest. A stream with tag t (see
/// <see cref="StreamChain"/>) has the bits (x + i y) mod m for i in 0..7, computed modulo 2^64, with x the first 8
/// bytes of t and y the next 8, big-endian.
/// </remarks>
internal static class StreamFilter
{
    private const int BitsPerStream = 16;
    private const int Probes = 8;
    private const int Unit = 64;

    public static byte[] Make(IEnumerable<Sha256Digest> tags, int count)
    {
        var filter = new byte[LengthFor(count)];
        foreach (var tag in tags)
        {
            var (first, step) = Split(tag);
            for (var probe = 0; probe < Probes; probe++)
            {
                var bit = Bit(first, step, probe, filter.Length);
                filter[bit / 8] |= (byte)(1 << (bit % 8));
            }
        }

        return filter;
    }

    public static bool MayHold(ReadOnlySpan<byte> filter, Sha256Digest tag)
    {
        var (first, step) = Split(tag);
        for (var probe = 0; probe < Probes; probe++)
        {
            var bit = Bit(first, step, probe, filter.Length);
            if ((filter[bit / 8] & (1 << (bit % 8))) == 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The length of the filter over some streams, in bytes.</summary>
    public static long LengthFor(int streams) =>
        Math.Max(1, (((long)streams * BitsPerStream) + Unit - 1) / Unit) * (Unit / 8);

    /// <summary>Whether a filter can have this length.</summary>
    public static bool IsLength(long bytes) => bytes > 0 && bytes % (Unit / 8) == 0;

    private static int Bit(ulong first, ulong step, int probe, int bytes) =>
        (int)(unchecked(first + ((ulong)probe * step)) % ((ulong)bytes * 8));

    private static (ulong First, ulong Step) Split(Sha256Digest tag)
    {
        Span<byte> bytes = stackalloc byte[Sha256Digest.Length];
        tag.CopyTo(bytes);
        return (BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));
    }
}
