using System.Buffers.Binary;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync;

/// <summary>
/// A fingerprint of a set: the sum of its items' hashes as numbers of 256 bits, modulo 2^256. Sums can be subtracted,
/// so the fingerprint of a part and of the whole give that of the rest. The default value is the empty set's.
/// </summary>
internal readonly record struct Fingerprint(ulong A, ulong B, ulong C, ulong D)
{
    public static Fingerprint operator +(Fingerprint left, Fingerprint right)
    {
        var d = (UInt128)left.D + right.D;
        var c = (UInt128)left.C + right.C + (d >> 64);
        var b = (UInt128)left.B + right.B + (c >> 64);
        return new Fingerprint(left.A + right.A + (ulong)(b >> 64), (ulong)b, (ulong)c, (ulong)d);
    }

    public static Fingerprint operator -(Fingerprint left, Fingerprint right) =>
        left + new Fingerprint(~right.A, ~right.B, ~right.C, ~right.D) + new Fingerprint(0, 0, 0, 1);

    public static Fingerprint Of(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64BigEndian(bytes),
        BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]),
        BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]));

    public void WriteTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, A);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], B);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], C);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], D);
    }

    public static Fingerprint Read(ref WireReader reader) =>
        reader.Bytes(Sha256Digest.Length) is { IsEmpty: false } bytes ? Of(bytes) : default;
}
