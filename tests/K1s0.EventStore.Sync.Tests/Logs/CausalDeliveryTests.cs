using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>Laws of delivery and order, over random histories.</summary>
public sealed class CausalDeliveryTests
{
    private const int Histories = 150;

    [Fact]
    [Trait("Row", "X17")]
    [Trait("Row", "S02")]
    public void Whatever_the_order_of_arrival_each_event_is_delivered_once_and_after_its_causes() =>
        ForEachHistory(cluster =>
        {
            foreach (var (replica, history) in cluster.Replicas.Zip(cluster.Histories))
            {
                history.Select(delivered => delivered.Event.Dot)
                    .Should().BeEquivalentTo(cluster.Written.Select(written => written.Event.Dot));
                replica.WaitingEvents.Should().Be(0);
                replica.Clock.Should().Be(cluster.Replicas[0].Clock);
                ShouldBeCausal(history.Select(delivered => delivered.Event));
            }
        });

    [Fact]
    [Trait("Row", "X17")]
    public void The_total_order_is_the_same_for_all_and_puts_causes_before_effects() =>
        ForEachHistory(cluster =>
        {
            var sorted = cluster.Written.Select(written => written.Event).Order(EventOrder.Instance).ToArray();
            foreach (var history in cluster.Histories)
            {
                var merged = CausalMerge.Merge(Cluster.Logs(history)).ToArray();
                merged.Select(one => one.Hash).Should().Equal(
                    sorted.Select(one => one.Hash), "with honest clocks merging is sorting");
                ShouldBeCausal(merged);
            }
        });

    [Fact]
    public void Every_replica_gives_an_event_the_clock_that_its_writer_gave_it() =>
        ForEachHistory(cluster =>
        {
            var written = cluster.Written.ToDictionary(one => one.Event.Dot, one => one.Clock);
            cluster.Histories.SelectMany(history => history)
                .Should().OnlyContain(delivered => delivered.Clock.Equals(written[delivered.Event.Dot]));
        });

    [Fact]
    public void One_event_is_before_another_when_its_clock_is() =>
        ForEachHistory(cluster =>
        {
            foreach (var left in cluster.Written)
            {
                foreach (var right in cluster.Written)
                {
                    left.Compare(right).Should().Be(left.Clock.Compare(right.Clock));
                }
            }
        }, steps: 25);

    [Fact]
    [Trait("Row", "X17")]
    public void A_lying_clock_cannot_put_an_effect_before_its_cause()
    {
        var cause = SyncEvent.Create(
            new Dot(Some.Origin(1), 1), new HybridTime(100), SyncEvent.Genesis(Some.Origin(1)), VectorClock.Empty, Some.Envelope());
        var effect = SyncEvent.Create(
            new Dot(Some.Origin(2), 1), new HybridTime(5), SyncEvent.Genesis(Some.Origin(2)), VectorClock.Of(cause.Dot), Some.Envelope());

        CausalMerge.Merge([[effect], [cause]]).Should().Equal(cause, effect);
        CausalMerge.Merge([[cause], [effect]]).Should().Equal(cause, effect);
    }

    [Fact]
    public void An_effect_without_its_cause_is_left_out_of_the_order_and_one_with_a_known_cause_is_not()
    {
        var cluster = new Cluster(new Random(1), 2);
        var cause = cluster.Write(0, "{}");
        cluster.Hear(1, cause.Event);
        var effect = cluster.Write(1, "{}");

        CausalMerge.Merge([[effect.Event]]).Should().BeEmpty();
        CausalMerge.Merge([[effect.Event]], after: cause.Clock).Should().Equal(effect.Event);
        Assert.Throws<ArgumentException>(() => CausalMerge.Merge([[cause.Event], [cause.Event]]).ToArray());
        Assert.Throws<ArgumentException>(() => CausalMerge.Merge([[cause.Event, cause.Event]]).ToArray());
    }

    private static void ForEachHistory(Action<Cluster> check, int steps = 60)
    {
        var random = SeededRandom.Create();
        for (var i = 0; i < Histories; i++)
        {
            var cluster = new Cluster(random, random.Next(2, 6));
            cluster.Run(steps);
            cluster.HearAll();
            check(cluster);
        }
    }

    private static void ShouldBeCausal(IEnumerable<SyncEvent> events)
    {
        var seen = VectorClock.Empty;
        foreach (var next in events)
        {
            seen[next.Dot.Origin].Should().Be(next.Dot.Sequence - 1);
            seen.Covers(next.Observed).Should().BeTrue("{0} comes after what it observed", next.Dot);
            seen = seen.Observe(next.Dot);
        }
    }
}
