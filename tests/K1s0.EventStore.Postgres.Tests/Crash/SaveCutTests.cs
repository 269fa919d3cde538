using FluentAssertions.Execution;
using K1s0.EventStore.TestServers;

namespace K1s0.EventStore.Postgres.Tests.Crash;

/// <summary>The connection is cut at every message boundary, and in every message, of every write but an append.</summary>
public sealed class SaveCutTests(CutFixture fixture, ITestOutputHelper output) : IClassFixture<CutFixture>
{
    public static TheoryData<SaveKind> Kinds => [.. Enum.GetValues<SaveKind>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    [Trait("Row", "I01")]
    public async Task Every_cut_ends_in_an_outcome_that_is_true_and_saving_again_settles_it(SaveKind kind)
    {
        var plans = CutPlan.EveryCutOf(await RecordAsync(kind));
        var (unknown, unknownButStored, refused) = (0, 0, 0);
        foreach (var plan in plans)
        {
            using var scope = new AssertionScope(plan.ToString());
            var save = await Save.PrepareAsync(fixture.Direct, kind);
            fixture.Proxy.Arm(plan);

            var failure = await Record.ExceptionAsync(() => save.MakeAsync(fixture.Through(maxRetries: 0)));
            await fixture.Proxy.WaitForServerToFinishAsync();
            var isStored = await save.IsStoredAsync();

            if (failure is WriteOutcomeUnknownException)
            {
                unknown++;
                unknownButStored += isStored ? 1 : 0;
            }
            else
            {
                failure.Should().BeOfType<StoreUnavailableException>("a save that was cut never succeeded");
                isStored.Should().BeFalse("a definite failure has written nothing");
                refused++;
            }

            await save.MakeAsync(fixture.Through(maxRetries: 0));
            (await save.IsStoredAsync()).Should().BeTrue();
        }

        output.WriteLine(
            $"{kind}: {plans.Count} cuts, {unknown} unknown ({unknownButStored} of them stored), {refused} refused");
        unknownButStored.Should().BeGreaterThan(0, "the answer to a commit is among what was swallowed");
        (unknown - unknownButStored).Should().BeGreaterThan(0, "some cuts are before the server has the whole save");
        refused.Should().BeGreaterThan(0, "some cuts are before the save is sent");
    }

    private async Task<IReadOnlyList<ProxyMessage>> RecordAsync(SaveKind kind)
    {
        var save = await Save.PrepareAsync(fixture.Direct, kind);
        fixture.Proxy.Record();
        await save.MakeAsync(fixture.Through(maxRetries: 0));
        return fixture.Proxy.Conversation;
    }
}
