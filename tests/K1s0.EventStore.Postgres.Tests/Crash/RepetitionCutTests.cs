using FluentAssertions.Execution;
using K1s0.EventStore.TestServers;

namespace K1s0.EventStore.Postgres.Tests.Crash;

/// <summary>
/// The connection is cut at every message boundary, and in every message, of an append that is stored already: of the
/// append itself, and of the question for the answer that it got when it was made.
/// </summary>
[Trait("Row", "I01")]
public sealed class RepetitionCutTests(CutFixture fixture, ITestOutputHelper output) : IClassFixture<CutFixture>
{
    public static TheoryData<AppendKind> Kinds => [.. Enum.GetValues<AppendKind>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Every_cut_of_a_repetition_ends_in_an_outcome_that_is_true_and_leaves_one_copy(AppendKind kind)
    {
        var conversation = await RecordAsync(kind);
        var plans = CutPlan.EveryCutOf(conversation);
        var (unknown, refused) = (0, 0);
        foreach (var plan in plans)
        {
            using var scope = new AssertionScope(plan.ToString());
            var (appends, earlier) = await PrepareAsync(kind);
            var store = fixture.Through(maxRetries: 0).Store;
            fixture.Proxy.Arm(plan);

            var failure = await Record.ExceptionAsync(() => kind.AppendAsync(store, appends));
            await fixture.Proxy.WaitForServerToFinishAsync();

            if (failure is AppendOutcomeUnknownException outcome)
            {
                outcome.Appends.SelectMany(append => append.Events).Should().Equal(appends.SelectMany(append => append.Events));
                unknown++;
            }
            else
            {
                failure.Should().BeOfType<StoreUnavailableException>("an append that was cut never succeeded");
                IsInFirstRequest(plan, conversation).Should().BeTrue(
                    "past the preparation the store has sent the append, or knows that it is stored");
                refused++;
            }

            await SameAnswerAsync(appends, earlier, await kind.AppendAsync(fixture.Through(maxRetries: 0).Store, appends));
        }

        output.WriteLine($"{kind}: {plans.Count} cuts, {unknown} unknown, {refused} refused");
        unknown.Should().BeGreaterThan(0);
        refused.Should().BeGreaterThan(0);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task The_stores_own_retry_turns_every_cut_of_a_repetition_into_the_earlier_answer(AppendKind kind)
    {
        foreach (var plan in CutPlan.EveryCutOf(await RecordAsync(kind), CutManner.Close))
        {
            using var scope = new AssertionScope(plan.ToString());
            var (appends, earlier) = await PrepareAsync(kind);
            fixture.Proxy.Arm(plan);

            var results = await kind.AppendAsync(fixture.Through(maxRetries: 2).Store, appends);

            fixture.Proxy.HasCut.Should().BeTrue();
            await SameAnswerAsync(appends, earlier, results);
        }
    }

    // The preparation of the append: nothing that writes has been sent as long as it lasts.
    private static bool IsInFirstRequest(CutPlan plan, IReadOnlyList<ProxyMessage> conversation)
    {
        var messages = conversation.Where(message => message.Direction == plan.Direction).ToList();
        return plan.Message <= 1 + messages.FindIndex(message => message.EndsRequest || message.EndsAnswer);
    }

    private async Task<(IReadOnlyList<StreamAppend> Appends, IReadOnlyList<AppendResult> Results)> PrepareAsync(AppendKind kind)
    {
        var appends = await kind.PrepareAsync(fixture.Direct.Store);
        return (appends, await kind.AppendAsync(fixture.Direct.Store, appends));
    }

    // The append, and the question for the events that are stored; each is prepared first.
    private async Task<IReadOnlyList<ProxyMessage>> RecordAsync(AppendKind kind)
    {
        var (appends, earlier) = await PrepareAsync(kind);
        fixture.Proxy.Record();
        var results = await kind.AppendAsync(fixture.Through(maxRetries: 0).Store, appends);
        await SameAnswerAsync(appends, earlier, results);
        fixture.Proxy.Conversation.Count(message => message.EndsRequest).Should().Be(2 * 2);
        return fixture.Proxy.Conversation;
    }

    private async Task SameAnswerAsync(
        IReadOnlyList<StreamAppend> appends, IReadOnlyList<AppendResult> earlier, IReadOnlyList<AppendResult> results)
    {
        results.Should().Equal(earlier.Select(result => result with { WasRepeated = true }));
        await fixture.Stored.OneCopyAsync(appends, results);
    }
}
