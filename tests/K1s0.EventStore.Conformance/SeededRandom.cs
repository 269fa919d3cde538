using System.Globalization;

namespace K1s0.EventStore.Conformance;

/// <summary>Chance that can be repeated: the seed is printed, and <c>K1S0_TEST_SEED</c> sets it.</summary>
public static class SeededRandom
{
    public static Random Create()
    {
        var seed = Environment.GetEnvironmentVariable("K1S0_TEST_SEED") is { Length: > 0 } given
            ? int.Parse(given, CultureInfo.InvariantCulture)
            : Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed} (set K1S0_TEST_SEED to repeat)");
        return new Random(seed);
    }
}
