using FsCheck;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>How properties are checked here.</summary>
internal static class Laws
{
    /// <summary>The seed is printed by SeededRandom, whatever FsCheck says.</summary>
    public static Config Seeded(int tests) => Config.QuickThrowOnFailure
        .WithMaxTest(tests)
        .WithReplay((ulong)SeededRandom.Create().Next(), 1);
}
