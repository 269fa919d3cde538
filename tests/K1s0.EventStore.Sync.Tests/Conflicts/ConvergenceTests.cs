using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>Views that have seen the same events show the same, whatever the order in which they saw them.</summary>
public sealed class ConvergenceTests
{
    private static readonly ConflictKey[] Registers = [Shop.Email, Shop.Status, Shop.Note];

    [Fact]
    [Trait("Row", "S03")]
    [Trait("Row", "S04")]
    [Trait("Row", "S08")]
    [Trait("Row", "X10")]
    public void Every_replica_ends_with_the_same_values_after_any_history()
    {
        var random = SeededRandom.Create();
        for (var i = 0; i < 150; i++)
        {
            var cluster = new Cluster(random, random.Next(2, 6));
            var authority = new ConflictView(Shop.Rules());
            for (var step = 0; step < 60; step++)
            {
                var at = random.Next(cluster.Replicas.Length);
                if (random.Next(2) == 0)
                {
                    cluster.Write(at, SomeChange(random));
                }
                else if (cluster.Written.Count > 0)
                {
                    cluster.Hear(at, cluster.Written[random.Next(cluster.Written.Count)].Event);
                }

                StampNowAndThen(cluster, authority, random);
            }

            cluster.HearAll();
            ShouldAgree([.. cluster.Histories.Select(Seen)], cluster.Written);
        }
    }

    private static void ShouldAgree(ConflictView[] views, List<DeliveredEvent> written)
    {
        foreach (var view in views)
        {
            foreach (var key in Registers)
            {
                Dots(view.Of(key)).Should().Equal(Dots(views[0].Of(key)));
                view.Of(key)?.Winner?.Event.Dot.Should().Be(views[0].Of(key)!.Winner!.Value.Event.Dot);
            }

            view.Counter(Shop.Stock).Should().Be(written
                .Where(one => one.Event.Envelope.EventType is "stock-changed")
                .Sum(one => one.Event.Envelope.Payload.GetProperty("delta").GetInt64()));
            view.Set(Shop.Tags).Should().Equal(views[0].Set(Shop.Tags));
            view.TryMerge<int>(Shop.Highest, out var highest);
            views[0].TryMerge<int>(Shop.Highest, out var other);
            highest.Should().Be(other);
            view.Unaccepted().Should().BeEquivalentTo(views[0].Unaccepted());
        }
    }

    private static Dot[] Dots(Resolution? resolution) =>
        [.. resolution?.Concurrent.Select(one => one.Event.Dot) ?? []];

    private static ConflictView Seen(List<DeliveredEvent> history)
    {
        var view = new ConflictView(Shop.Rules());
        history.ForEach(delivered => view.Apply(delivered));
        return view;
    }

    // The authority is the first replica; now and then it accepts some of what it knows.
    private static void StampNowAndThen(Cluster cluster, ConflictView authority, Random random)
    {
        cluster.Histories[0].ForEach(delivered => authority.Apply(delivered));
        if (random.Next(4) == 0 && authority.Unaccepted(most: 2) is { Count: > 0 } waiting)
        {
            cluster.Write(0, AuthorityStamp.Create(Some.Replica(Shop.Authority), [.. waiting]));
        }
    }

    private static EventEnvelope SomeChange(Random random) => random.Next(7) switch
    {
        0 => Shop.EmailChanged($"{random.Next(3)}"),
        1 => Shop.StatusChanged($"{random.Next(3)}"),
        2 => Shop.StockChanged(random.Next(-5, 6)),
        3 => Shop.TagAdded($"{random.Next(3)}"),
        4 => Shop.TagRemoved($"{random.Next(3)}"),
        5 => Shop.NoteChanged($"{random.Next(3)}"),
        _ => Shop.BidMade(random.Next(100)),
    };
}
