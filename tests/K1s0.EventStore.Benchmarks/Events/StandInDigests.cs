using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Benchmarks.Events;

/// <summary>Random bytes for the digest columns of the plain tables: nothing is hashed there. Thread-safe.</summary>
internal static class StandInDigests
{
    private const int Count = 4096;

    private static readonly byte[][] Digests = Make();
    private static int _next;

    public static byte[] Next() => Digests[(uint)Interlocked.Increment(ref _next) % Count];

    private static byte[][] Make()
    {
        var random = new Random(1);
        var digests = new byte[Count][];
        for (var i = 0; i < Count; i++)
        {
            digests[i] = new byte[Sha256Digest.Length];
            random.NextBytes(digests[i]);
        }

        return digests;
    }
}
