using FsCheck;
using FsCheck.Fluent;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Tests;

/// <summary>
/// Whatever the batch size, the lanes, the filter, the window, the failures and the moments of being killed or taken
/// over: the checkpoint is never ahead of an event that was not dealt with, and in the end all were.
/// </summary>
public sealed class CheckpointPropertyTests
{
    [Fact]
    public void The_checkpoint_is_never_ahead_and_nothing_is_left_out() =>
        Prop.ForAll(Scenarios.ToArbitrary(), Run).Check(
            Config.QuickThrowOnFailure.WithMaxTest(400).WithReplay((ulong)SeededRandom.Create().Next(), 1));

    private static Gen<FollowScenario> Scenarios =>
        from events in Gen.Choose(0, 60)
        from streams in Gen.Choose(1, 6)
        from lanes in Gen.Choose(1, 8)
        from page in Gen.Choose(1, 20)
        from window in Gen.Choose(1, 20)
        from isFiltered in Gen.Elements(true, false)
        from action in Gen.Elements(Enum.GetValues<FailureAction>())
        from isAtomic in Gen.Elements(true, false)
        from isShared in Gen.Elements(true, false)
        from seed in Gen.Choose(0, int.MaxValue - 1)
        select new FollowScenario(events, streams, lanes, page, window, isFiltered, action, isAtomic, isShared, seed);

    // FsCheck asks without awaiting.
    private static bool Run(FollowScenario scenario) =>
        Task.Run(() => new FollowRun(scenario).RunAsync()).GetAwaiter().GetResult();
}
