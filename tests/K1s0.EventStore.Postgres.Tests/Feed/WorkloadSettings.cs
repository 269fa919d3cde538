using System.Globalization;

namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>How long the workload runs, and by which dice. The environment makes a long campaign of it.</summary>
/// <param name="Seed">Of all randomness: <c>K1S0_TEST_SEED</c>, otherwise drawn.</param>
/// <param name="AtLeast">How long at least: <c>K1S0_STRESS_SECONDS</c>, otherwise until the target is reached.</param>
internal sealed record WorkloadSettings(int Seed, TimeSpan AtLeast)
{
    public const string SeedVariable = "K1S0_TEST_SEED";
    public const string SecondsVariable = "K1S0_STRESS_SECONDS";
    public const int Writers = 40;
    public const int IdleSessions = 50;
    public const int TargetEvents = 30_000;

    /// <summary>When a run that does not come to its end is given up.</summary>
    public TimeSpan Deadline => AtLeast + TimeSpan.FromMinutes(3);

    public static WorkloadSettings Read() => new(
        Number(SeedVariable) ?? Random.Shared.Next(), TimeSpan.FromSeconds(Number(SecondsVariable) ?? 0));

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text
            ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture)
            : null;
}
