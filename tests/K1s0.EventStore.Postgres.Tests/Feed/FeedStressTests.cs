using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>
/// What one run of the workload must leave behind. <c>K1S0_TEST_SEED</c> repeats the dice of a run,
/// <c>K1S0_STRESS_SECONDS</c> makes it longer.
/// </summary>
public sealed class FeedStressTests(FeedStressRun run, ITestOutputHelper output) : IClassFixture<FeedStressRun>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("PeerBug", "B01")]
    public void Every_reader_saw_every_event_once_and_in_order()
    {
        output.WriteLine(run.Figures);
        run.Table.Should().HaveCountGreaterThanOrEqualTo(WorkloadSettings.TargetEvents);
        foreach (var follower in run.Followers)
        {
            var verdict = FeedVerdict.Judge(follower.Seen, run.TableFor(follower));
            verdict.IsRight.Should().BeTrue("{0}: {1}\n{2}", follower.Name, verdict, run.Figures);
        }

        run.Filtered.Seen.Should().HaveCountGreaterThan(1_000).And.HaveCountLessThan(run.Table.Count);
    }

    [Fact]
    public void The_same_judge_catches_a_reader_that_knows_no_bound()
    {
        output.WriteLine(run.Seed);
        var verdict = FeedVerdict.Judge(run.Naive.Seen, run.Table);

        verdict.IsRight.Should().BeFalse();
        verdict.Missed.Should().Contain(run.LatePosition, "it committed after a later position had been read");
    }

    [Fact]
    public void What_was_acknowledged_is_stored_and_nothing_else()
    {
        output.WriteLine(run.Seed);
        var stored = run.Table.ToDictionary(e => e.EventId, e => e.Position);
        var acknowledged = run.Record.Acknowledged.SelectMany(a => a.EventIds).ToHashSet();
        acknowledged.SetEquals(stored.Keys).Should().BeTrue(run.Figures);
        run.Record.Undone.Where(stored.ContainsKey).Should().BeEmpty();
        run.Record.Undone.Should().HaveCountGreaterThan(run.Table.Count / 20, "the workload rolls back and loses");
        run.Record.Conflicts.Should().BePositive();
        run.Record.Acknowledged.Should().OnlyContain(a =>
            stored[a.EventIds[0]] == a.FirstPosition && stored[a.EventIds[a.EventIds.Count - 1]] == a.LastPosition);
    }

    [Fact]
    public void The_order_of_the_feed_is_the_order_of_every_stream()
    {
        output.WriteLine(run.Seed);
        var streams = run.Table.GroupBy(e => e.StreamId).ToList();
        streams.Should().HaveCountGreaterThan(WorkloadSettings.Writers);
        foreach (var stream in streams)
        {
            var dense = Enumerable.Range(1, stream.Count()).Select(i => (long)i);
            stream.Select(e => e.Version).Should().Equal(dense, "{0}", stream.Key);
        }
    }

    [Fact]
    public void What_was_sent_after_an_acknowledgement_comes_behind_it()
    {
        output.WriteLine(run.Seed);
        using var acknowledged = run.Record.Acknowledged.OrderBy(a => a.Acknowledged).GetEnumerator();
        var (highest, more) = (0L, acknowledged.MoveNext());
        foreach (var append in run.Record.Acknowledged.OrderBy(a => a.Sent))
        {
            while (more && acknowledged.Current.Acknowledged < append.Sent)
            {
                highest = Math.Max(highest, acknowledged.Current.LastPosition);
                more = acknowledged.MoveNext();
            }

            append.FirstPosition.Should().BeGreaterThan(
                highest, "that was acknowledged before this was sent; {0}", run.Figures);
        }
    }

    [Fact]
    public void Nobody_but_an_append_under_way_ever_held_the_bound_back()
    {
        output.WriteLine(run.Seed);
        run.Watch.Questions.Should().BeGreaterThan(50);
        run.Watch.Faults.Should().BeEmpty(run.Figures);
        run.BoundAtTheEnd.Should().BeGreaterThanOrEqualTo(run.Record.LastAcknowledged, run.Figures);
    }

    [Fact]
    [Trait("PeerBug", "B25")]
    public async Task Every_stream_verifies_from_its_bytes()
    {
        output.WriteLine(run.Seed);
        foreach (var streamId in run.Table.Select(e => e.StreamId).Distinct())
        {
            var events = run.Feed.Store.ReadStreamAsync(streamId, cancellationToken: Cancellation);
            var verification = await StreamVerifier.VerifyAsync(streamId, events, cancellationToken: Cancellation);
            verification.Finding.Should().BeNull("{0}", run.Figures);
        }
    }
}
