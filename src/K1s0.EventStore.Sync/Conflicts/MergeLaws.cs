using System.Globalization;

namespace K1s0.EventStore.Sync;

/// <summary>
/// Tries whether a merge keeps the laws without which replicas do not converge. For tests of applications; needs no
/// test framework.
/// </summary>
public static class MergeLaws
{
    /// <summary>Tries all laws on random states.</summary>
    /// <typeparam name="TState">The state that is merged.</typeparam>
    /// <param name="merge">The merge.</param>
    /// <param name="draw">
    /// Draws a state. Draw from few values, so that states meet that differ in one part and agree in others.
    /// </param>
    /// <param name="seed">The seed of the chance: the same seed tries the same states.</param>
    /// <param name="runs">How many times three states are drawn, 1 or more; 1,000 by default.</param>
    /// <param name="equality">When two states are the same; the default comparer when null.</param>
    /// <returns>For each law that does not hold the first counterexample; empty when all held.</returns>
    public static IReadOnlyList<MergeLawViolation> Check<TState>(
        IStateMerge<TState> merge,
        Func<Random, TState> draw,
        int seed,
        int runs = 1_000,
        IEqualityComparer<TState>? equality = null)
    {
        ArgumentNullException.ThrowIfNull(merge);
        ArgumentNullException.ThrowIfNull(draw);
        ArgumentOutOfRangeException.ThrowIfLessThan(runs, 1);
        var (random, same) = (new Random(seed), equality ?? EqualityComparer<TState>.Default);
        var broken = new SortedDictionary<MergeLaw, MergeLawViolation>();
        for (var run = 1; run <= runs; run++)
        {
            var (a, b, c) = (draw(random), draw(random), draw(random));
            Try(MergeLaw.Deterministic, merge.Merge(a, b), merge.Merge(a, b));
            Try(MergeLaw.Commutative, merge.Merge(a, b), merge.Merge(b, a));
            Try(MergeLaw.Associative, merge.Merge(merge.Merge(a, b), c), merge.Merge(a, merge.Merge(b, c)));
            Try(MergeLaw.Idempotent, merge.Merge(a, a), a);

            void Try(MergeLaw law, TState left, TState right)
            {
                if (!same.Equals(left, right))
                {
                    broken.TryAdd(law, new MergeLawViolation(law, string.Create(
                        CultureInfo.InvariantCulture,
                        $"seed {seed}, run {run}: a = {a}, b = {b}, c = {c}; one side {left}, the other {right}")));
                }
            }
        }

        return [.. broken.Values];
    }
}
