namespace K1s0.EventStore.Sync;

/// <summary>Signed numbers as unsigned ones, so that those near 0 stay small.</summary>
internal static class ZigZag
{
    public static ulong Encode(long value) => (ulong)((value << 1) ^ (value >> 63));

    public static long Decode(ulong value) => (long)(value >> 1) ^ -(long)(value & 1);
}
