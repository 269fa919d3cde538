using FsCheck;
using FsCheck.Fluent;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Conformance.Accounts;

namespace K1s0.EventStore.Tests.Aggregates;

/// <summary>
/// With and without snapshots a stream has the same state, whatever happens to either: a law that each store is held
/// to. This file is compiled into the tests of each.
/// </summary>
internal static class SnapshotScenarios
{
    /// <summary>Runs many scenarios, each on a stream of its own.</summary>
    public static void Check(IConformanceStore store, int scenarios) =>
        Prop.ForAll(Scenarios.ToArbitrary(), scenario => Run(store, scenario)).Check(
            Config.QuickThrowOnFailure.WithMaxTest(scenarios).WithReplay((ulong)SeededRandom.Create().Next(), 1));

    private static Gen<(SnapshotStep[] Steps, int Interval, bool IsCached)> Scenarios =>
        from steps in Gen.ArrayOf(Gen.Frequency(
            (4, Gen.Constant(SnapshotStep.Command)), (3, Gen.Elements(Enum.GetValues<SnapshotStep>()))))
        from interval in Gen.Choose(1, 4)
        from isCached in Gen.Elements(true, false)
        select (steps, interval, isCached);

    // FsCheck asks without awaiting.
    private static bool Run(IConformanceStore store, (SnapshotStep[] Steps, int Interval, bool IsCached) scenario) =>
        Task.Run(() => new SnapshotRun(
                store,
                new StreamId("account", Guid.CreateVersion7().ToString("N")),
                scenario.Interval,
                scenario.IsCached).RunAsync(scenario.Steps, TestContext.Current.CancellationToken))
            .GetAwaiter().GetResult();
}
