namespace K1s0.EventStore.Sync.Tests;

/// <summary>
/// A decoder is tried with many inputs, on all cores. What they are depends on the seed alone, not on how many cores.
/// </summary>
internal static class Mutations
{
    private const int Parts = 20;

    /// <summary>Tries so many inputs; says how many were refused.</summary>
    public static int CountRefused(int count, Random random, Func<Mutator, bool> isRefused)
    {
        var refused = 0;
        Parallel.ForEach(Enumerable.Range(0, Parts).Select(_ => random.Next()).ToArray(), seed =>
        {
            var (mutator, own) = (new Mutator(new Random(seed)), 0);
            for (var i = 0; i < count / Parts; i++)
            {
                own += isRefused(mutator) ? 1 : 0;
            }

            Interlocked.Add(ref refused, own);
        });
        return refused;
    }
}
