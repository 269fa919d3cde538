using FluentAssertions.Execution;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.TestServers;

namespace K1s0.EventStore.Postgres.Tests.Crash;

/// <summary>The connection is cut at every message boundary, and in every message, of every kind of append.</summary>
public sealed class AppendCutTests(CutFixture fixture, ITestOutputHelper output) : IClassFixture<CutFixture>
{
    public static TheoryData<AppendKind> Kinds => [.. Enum.GetValues<AppendKind>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    [Trait("Row", "I01")]
    public async Task Every_cut_ends_in_an_outcome_that_is_true_and_a_retry_gives_one_copy(AppendKind kind)
    {
        var plans = CutPlan.EveryCutOf(await RecordAsync(kind));
        var (unknown, unknownButStored, refused) = (0, 0, 0);
        foreach (var plan in plans)
        {
            using var scope = new AssertionScope(plan.ToString());
            var (appends, store) = (await PrepareAsync(kind), fixture.Through(maxRetries: 0).Store);
            fixture.Proxy.Arm(plan);

            var failure = await Record.ExceptionAsync(() => AppendAsync(store, kind, appends));
            await fixture.Proxy.WaitForServerToFinishAsync();
            var isStored = await AreStoredAsync(appends);

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

            var results = await AppendAsync(fixture.Through(maxRetries: 0).Store, kind, appends);

            results.Should().OnlyContain(result => result.WasRepeated == isStored);
            await OneCopyAsync(appends, results);
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
            var appends = await PrepareAsync(kind);
            fixture.Proxy.Arm(plan);

            var results = await AppendAsync(fixture.Through(maxRetries: 2).Store, kind, appends);

            fixture.Proxy.HasCut.Should().BeTrue();
            await OneCopyAsync(appends, results);
        }
    }

    private static async Task<IReadOnlyList<AppendResult>> AppendAsync(
        PostgresEventStore store, AppendKind kind, IReadOnlyList<StreamAppend> appends) =>
        kind is AppendKind.SeveralStreams
            ? await store.AppendAsync(appends)
            : [await store.AppendAsync(appends[0].StreamId, appends[0].Events, appends[0].Expected)];

    private async Task<IReadOnlyList<ProxyMessage>> RecordAsync(AppendKind kind)
    {
        var appends = await PrepareAsync(kind);
        fixture.Proxy.Record();
        await AppendAsync(fixture.Through(maxRetries: 0).Store, kind, appends);
        return fixture.Proxy.Conversation;
    }

    private async Task<IReadOnlyList<StreamAppend>> PrepareAsync(AppendKind kind)
    {
        var (first, second) = (Some.Stream(), Some.Stream());
        switch (kind)
        {
            case AppendKind.NewStream:
                return [Some.Append(first, expected: ExpectedVersion.NoStream)];
            case AppendKind.SeveralStreams:
                await fixture.Direct.Store.AppendAsync(second, Some.Events(second, 2));
                return [Some.Append(first, 2), Some.Append(second, 2, ExpectedVersion.Exactly(new StreamVersion(2)))];
            default:
                await fixture.Direct.Store.AppendAsync(first, Some.Events(first, 2));
                return
                [
                    kind switch
                    {
                        AppendKind.ExactVersion => Some.Append(first, expected: ExpectedVersion.Exactly(new StreamVersion(2))),
                        AppendKind.StreamExists => Some.Append(first, 3, ExpectedVersion.StreamExists),
                        _ => Some.Append(first, 3),
                    },
                ];
        }
    }

    private async Task<bool> AreStoredAsync(IReadOnlyList<StreamAppend> appends)
    {
        var ids = appends.SelectMany(append => append.Events).Select(envelope => $"'{envelope.Id}'").ToArray();
        var stored = await fixture.Direct.ScalarAsync<long>(
            $"select count(*) from {{s}}.events where event_id in ({string.Join(',', ids)})");
        stored.Should().BeOneOf([0, ids.Length], "an append is stored whole or not at all");
        return stored > 0;
    }

    private async Task OneCopyAsync(IReadOnlyList<StreamAppend> appends, IReadOnlyList<AppendResult> results)
    {
        foreach (var (append, result) in appends.Zip(results))
        {
            var events = await fixture.Direct.Store.LoadAsync(append.StreamId);
            events.TakeLast(append.Events.Count).Select(envelope => envelope with { Version = 0 }).Should().Equal(append.Events);
            events.Select(envelope => envelope.Id).Should().OnlyHaveUniqueItems();
            result.Version.Value.Should().Be(events.Count);
            result.LastPosition.Should().Be(events[^1].Position);
            StreamVerifier.Verify(append.StreamId, events).Finding.Should().BeNull();
        }
    }
}
