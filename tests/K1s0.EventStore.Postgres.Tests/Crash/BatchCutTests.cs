using FluentAssertions.Execution;
using K1s0.EventStore.Postgres.Tests.GroupCommit;
using K1s0.EventStore.TestServers;

namespace K1s0.EventStore.Postgres.Tests.Crash;

/// <summary>
/// The connection is cut at every message boundary, and in every message, of a batch of group commit: appends that
/// waited for the one writer together, one of them with a stale expectation.
/// </summary>
[Trait("Row", "I01")]
public sealed class BatchCutTests(CutFixture fixture, ITestOutputHelper output) : IClassFixture<CutFixture>
{
    [Fact(Timeout = 5 * Eventually.Milliseconds)]
    public async Task Every_cut_of_a_batch_ends_in_a_true_outcome_for_each_and_a_retry_gives_one_copy()
    {
        var plans = await EveryCutAsync(CutManner.Reset, CutManner.Close);
        var (unknown, unknownButStored, refused) = (0, 0, 0);
        foreach (var plan in plans)
        {
            using var scope = new AssertionScope(plan.ToString());
            var (good, stale) = await PrepareAsync();
            var outcomes = await CutAsync(plan, maxRetries: 0, [.. good, stale]);
            await fixture.Proxy.WaitForServerToFinishAsync();
            var areStored = await fixture.Stored.AreThereAsync(good);

            outcomes.Should().OnlyContain(outcome => outcome.Exception != null, "an append that was cut never succeeded");
            var failures = outcomes.Select(outcome => outcome.Exception!.InnerException!).ToArray();
            failures.Select(failure => failure.GetType()).Distinct().Should().ContainSingle("they share one transaction");
            if (failures[0] is AppendOutcomeUnknownException)
            {
                failures.Cast<AppendOutcomeUnknownException>().SelectMany(failure => failure.Appends)
                    .SelectMany(append => append.Events).Should().Equal(good.Append(stale).SelectMany(append => append.Events));
                unknown++;
                unknownButStored += areStored ? 1 : 0;
            }
            else
            {
                failures.Should().AllBeOfType<StoreUnavailableException>();
                areStored.Should().BeFalse("a definite failure has written nothing");
                refused++;
            }

            var results = await AppendAsync(fixture.Through(maxRetries: 0).Store, good);

            results.Should().OnlyContain(result => result.WasRepeated == areStored);
            await fixture.Stored.OneCopyAsync(good, results);
            await StaleIsRefusedAsync(stale);
        }

        output.WriteLine($"{plans.Count} cuts, {unknown} unknown ({unknownButStored} of them stored), {refused} refused");
        unknownButStored.Should().BeGreaterThan(0, "the answer to a commit is among what was swallowed");
        (unknown - unknownButStored).Should().BeGreaterThan(0, "some cuts are before the server has the whole batch");
        refused.Should().BeGreaterThan(0, "some cuts are before the batch is sent");
    }

    [Fact(Timeout = 5 * Eventually.Milliseconds)]
    [Trait("PeerBug", "B18")]
    public async Task The_stores_own_retry_turns_every_cut_of_a_batch_into_the_outcome_that_each_would_have_had()
    {
        foreach (var plan in await EveryCutAsync(CutManner.Close))
        {
            using var scope = new AssertionScope(plan.ToString());
            var (good, stale) = await PrepareAsync();

            var outcomes = await CutAsync(plan, maxRetries: 2, [.. good, stale]);

            outcomes[^1].Exception?.InnerException.Should().BeOfType<ConcurrencyException>();
            await fixture.Stored.OneCopyAsync(good, await Task.WhenAll(outcomes[..^1]));
            await StaleIsRefusedAsync(stale);
        }
    }

    private static async Task<IReadOnlyList<AppendResult>> AppendAsync(
        PostgresEventStore store, IReadOnlyList<StreamAppend> appends)
    {
        var results = new List<AppendResult>();
        foreach (var append in appends)
        {
            results.Add(await store.AppendAsync(append.StreamId, append.Events, append.Expected));
        }

        return results;
    }

    // The answers to the append that held the writer come before the batch, and are not cut.
    private async Task<IReadOnlyList<CutPlan>> EveryCutAsync(params CutManner[] manners)
    {
        var (good, stale) = await PrepareAsync();
        var outcomes = await SendTogetherAsync(fixture.Proxy.Record, maxRetries: 0, [.. good, stale]);
        outcomes[^1].Exception?.InnerException.Should().BeOfType<ConcurrencyException>();
        await fixture.Stored.OneCopyAsync(good, await Task.WhenAll(outcomes[..^1]));
        var streams = string.Join(',', good.Select(append => $"'{append.StreamId.AggregateId}'"));
        (await fixture.Direct.ScalarAsync<long>(
            $"select count(distinct xmin::text) from {{s}}.streams where stream_id in ({streams})"))
            .Should().Be(1, "they were written as one batch");

        var conversation = fixture.Proxy.Conversation;
        var before = conversation.TakeWhile(message => message.Direction is MessageDirection.Backend).Count();
        before.Should().BeGreaterThan(0);
        return
        [
            .. manners.SelectMany(manner => CutPlan.EveryCutOf(conversation, manner))
                .Where(plan => plan.Direction is MessageDirection.Frontend || plan.Message > before),
        ];
    }

    private async Task<(IReadOnlyList<StreamAppend> Good, StreamAppend Stale)> PrepareAsync()
    {
        StreamId[] streams = [Some.Stream(), Some.Stream(), Some.Stream(), Some.Stream()];
        foreach (var stream in streams[1..])
        {
            await fixture.Direct.Store.AppendAsync(stream, Some.Events(stream, 2));
        }

        return (
            [
                Some.Append(streams[0], expected: ExpectedVersion.NoStream),
                Some.Append(streams[1], 3),
                Some.Append(streams[2], 2, ExpectedVersion.Exactly(new StreamVersion(2))),
            ],
            Some.Append(streams[3], 2, ExpectedVersion.Exactly(new StreamVersion(1))));
    }

    private async Task<Task<AppendResult>[]> CutAsync(CutPlan plan, int maxRetries, IReadOnlyList<StreamAppend> appends)
    {
        var outcomes = await SendTogetherAsync(() => fixture.Proxy.Arm(plan), maxRetries, appends);
        fixture.Proxy.HasCut.Should().BeTrue();
        return outcomes;
    }

    // Each has waited for the writer when it is let go.
    private async Task<Task<AppendResult>[]> SendTogetherAsync(
        Action beforeTheWriterIsFree, int maxRetries, IReadOnlyList<StreamAppend> appends)
    {
        await using var writer = await BlockedWriter.CreateAsync(
            fixture.Direct, options => options.MaxRetries = maxRetries, fixture.DataSource);
        var outcomes = appends
            .Select(append => writer.Store.AppendAsync(append.StreamId, append.Events, append.Expected)).ToArray();

        // The server waits for the lock before the proxy has passed the end of the request that waits.
        await Eventually.TrueAsync(() => Task.FromResult(!fixture.Proxy.IsRequestUnderWay));
        beforeTheWriterIsFree();
        await writer.ReleaseAsync();
        await Record.ExceptionAsync(() => Task.WhenAll(outcomes));
        return outcomes;
    }

    private async Task StaleIsRefusedAsync(StreamAppend stale)
    {
        var conflict = await Assert.ThrowsAsync<ConcurrencyException>(
            () => fixture.Direct.Store.AppendAsync(stale.StreamId, stale.Events, stale.Expected));
        conflict.ActualVersion.Should().Be(2);
        (await fixture.Stored.AreThereAsync([stale])).Should().BeFalse();
    }
}
