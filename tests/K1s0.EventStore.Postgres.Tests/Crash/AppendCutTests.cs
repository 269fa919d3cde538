using FluentAssertions.Execution;
using K1s0.EventStore.TestServers;

namespace K1s0.EventStore.Postgres.Tests.Crash;

/// <summary>The connection is cut at every message boundary, and in every message, of every kind of append.</summary>
public sealed class AppendCutTests(CutFixture fixture, ITestOutputHelper output) : IClassFixture<CutFixture>
{
    public static TheoryData<AppendKind> Kinds => [.. Enum.GetValues<AppendKind>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    [Trait("Row", "I01")]
    [Trait("PeerBug", "B19")]
    public async Task Every_cut_ends_in_an_outcome_that_is_true_and_a_retry_gives_one_copy(AppendKind kind)
    {
        var plans = CutPlan.EveryCutOf(await RecordAsync(kind));
        var (unknown, unknownButStored, refused) = (0, 0, 0);
        foreach (var plan in plans)
        {
            using var scope = new AssertionScope(plan.ToString());
            var (appends, store) = (await kind.PrepareAsync(fixture.Direct.Store), fixture.Through(maxRetries: 0).Store);
            fixture.Proxy.Arm(plan);

            var failure = await Record.ExceptionAsync(() => kind.AppendAsync(store, appends));
            await fixture.Proxy.WaitForServerToFinishAsync();
            var isStored = await fixture.Stored.AreThereAsync(appends);

            if (failure is AppendOutcomeUnknownException outcome)
            {
                outcome.Appends.SelectMany(append => append.Events).Should().Equal(appends.SelectMany(append => append.Events));
                unknown++;
                unknownButStored += isStored ? 1 : 0;
            }
            else
            {
                failure.Should().BeOfType<StoreUnavailableException>("an append that was cut never succeeded");
                isStored.Should().BeFalse("a definite failure has written nothing");
                refused++;
            }

            var results = await kind.AppendAsync(fixture.Through(maxRetries: 0).Store, appends);

            results.Should().OnlyContain(result => result.WasRepeated == isStored);
            await fixture.Stored.OneCopyAsync(appends, results);
        }

        output.WriteLine($"{kind}: {plans.Count} cuts, {unknown} unknown ({unknownButStored} of them stored), {refused} refused");
        unknownButStored.Should().BeGreaterThan(0, "the answer to a commit is among what was swallowed");
        (unknown - unknownButStored).Should().BeGreaterThan(0, "some cuts are before the server has the whole append");
        refused.Should().BeGreaterThan(0, "some cuts are before the append is sent");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    [Trait("Row", "I01")]
    public async Task The_stores_own_retry_turns_every_cut_into_success_and_one_copy(AppendKind kind)
    {
        foreach (var plan in CutPlan.EveryCutOf(await RecordAsync(kind), CutManner.Close))
        {
            using var scope = new AssertionScope(plan.ToString());
            var appends = await kind.PrepareAsync(fixture.Direct.Store);
            fixture.Proxy.Arm(plan);

            var results = await kind.AppendAsync(fixture.Through(maxRetries: 2).Store, appends);

            fixture.Proxy.HasCut.Should().BeTrue();
            await fixture.Stored.OneCopyAsync(appends, results);
        }
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(9, false)]
    [Trait("Row", "I01")]
    public async Task After_a_lost_answer_a_conflict_is_final_only_when_the_stream_is_past_the_expected_version(
        long expected, bool isFinal)
    {
        var stream = Some.Stream();
        await fixture.Direct.Store.AppendAsync(stream, Some.Events(stream, 2));
        var append = Some.Append(stream, expected: ExpectedVersion.Exactly(new StreamVersion(expected)));
        fixture.Proxy.Record();
        await Assert.ThrowsAsync<ConcurrencyException>(() => AppendAsync(maxRetries: 1));
        var answers = fixture.Proxy.Conversation.Count(message => message.Direction is MessageDirection.Backend);
        fixture.Proxy.Arm(new CutPlan(MessageDirection.Backend, answers, CutPoint.Before));

        var failure = await Record.ExceptionAsync(() => AppendAsync(maxRetries: 1));

        // The stream may still get to version 9, and the attempt whose answer was lost may still be under way then.
        fixture.Proxy.HasCut.Should().BeTrue();
        failure.Should().BeOfType(isFinal ? typeof(ConcurrencyException) : typeof(AppendOutcomeUnknownException));
        (await fixture.Stored.AreThereAsync([append])).Should().BeFalse();

        Task<AppendResult> AppendAsync(int maxRetries) =>
            fixture.Through(maxRetries).Store.AppendAsync(append.StreamId, append.Events, append.Expected);
    }

    private async Task<IReadOnlyList<ProxyMessage>> RecordAsync(AppendKind kind)
    {
        var appends = await kind.PrepareAsync(fixture.Direct.Store);
        fixture.Proxy.Record();
        await kind.AppendAsync(fixture.Through(maxRetries: 0).Store, appends);
        return fixture.Proxy.Conversation;
    }
}
