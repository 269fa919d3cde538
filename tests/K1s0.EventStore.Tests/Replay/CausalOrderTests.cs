using System.Globalization;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Tests;

public sealed class CausalOrderTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);
    private static readonly StreamId Order = new("order", "1");
    private static readonly StreamId Payment = new("payment", "1");

    [Fact]
    [Trait("Row", "X17")]
    public void Causes_come_before_effects_whatever_the_clocks_say()
    {
        var placed = Event(Order, 1, at: 10);
        var paid = Event(Payment, 1, at: 3, cause: placed);
        var shipped = Event(Order, 2, at: 1, cause: paid);
        var closed = Event(Order, 3, at: 0);

        CausalOrder.Sort([closed, shipped, paid, placed]).Should().Equal(placed, paid, shipped, closed);
    }

    [Fact]
    [Trait("Row", "X17")]
    public async Task Events_of_two_real_stores_come_into_one_order_in_which_every_cause_is_before_its_effect()
    {
        var random = SeededRandom.Create();
        var stores = new[] { new InMemoryEventStore(), new InMemoryEventStore() };
        var known = new List<EventEnvelope>();
        for (var count = 0; count < 300; count++)
        {
            var store = random.Next(2);
            var stream = new StreamId($"order{store}", random.Next(9).ToString(CultureInfo.InvariantCulture));
            var cause = known.Count > 0 && random.Next(2) == 0 ? known[random.Next(known.Count)].Id : Guid.Empty;
            var made = EventEnvelope.Create(
                stream, "happened", "{}"u8.ToArray(), new EventMetadata { CausationId = cause.ToString() });
            var envelope = made with { OccurredAt = Noon.AddSeconds(random.Next(100)) };
            await stores[store].AppendAsync(
                stream, [envelope], cancellationToken: TestContext.Current.CancellationToken);
            known.Add(envelope);
        }

        var events = new List<EventEnvelope>();
        foreach (var store in stores)
        {
            var replay = new Replay(store, store);
            await foreach (var envelope in replay.ReadAsync(
                new ReplaySelection(), cancellationToken: TestContext.Current.CancellationToken))
            {
                events.Add(envelope);
            }
        }

        var sorted = CausalOrder.Sort(events);

        sorted.Should().HaveCount(300).And.BeEquivalentTo(events);
        var places = sorted.Select((envelope, place) => (envelope.Id, place)).ToDictionary(one => one.Id, one => one.place);
        foreach (var envelope in sorted)
        {
            var cause = Guid.Parse(EventMetadata.Read(envelope.MetadataUtf8.Span).CausationId!);
            (places.TryGetValue(cause, out var before) ? before : -1).Should().BeLessThan(places[envelope.Id]);
        }

        foreach (var stream in sorted.GroupBy(envelope => envelope.StreamId))
        {
            stream.Select(envelope => envelope.Version).Should().BeInAscendingOrder();
        }

        CausalOrder.Sort(events.OrderBy(_ => random.Next())).Should().Equal(sorted, "the order in does not matter");
    }

    [Fact]
    [Trait("Row", "X17")]
    public void What_nothing_orders_is_ordered_by_time_then_stream_then_version_then_id()
    {
        var first = Event(Payment, 5, at: 1);
        var second = Event(Order, 7, at: 2);
        var third = Event(Payment, 0, at: 2, id: 1);
        var fourth = Event(Payment, 0, at: 2, id: 2);

        CausalOrder.Sort([fourth, third, second, first]).Should().Equal(first, second, third, fourth);
    }

    [Fact]
    [Trait("Row", "X17")]
    public void Stores_that_went_apart_may_hold_the_same_version_twice()
    {
        var root = Event(Order, 1, at: 9);
        var (here, there) = (Event(Order, 2, at: 5), Event(Order, 2, at: 4));
        var next = Event(Order, 3, at: 1);
        var cause = Event(Payment, 1, at: 8, cause: here);

        // Both second versions are between the first and the third, and the one that was caused later comes later.
        var sorted = CausalOrder.Sort([next, there with { MetadataUtf8 = Metadata(cause) }, here, root, cause, root]);

        sorted.Select(envelope => envelope.Id).Should().Equal(root.Id, here.Id, cause.Id, there.Id, next.Id);
    }

    [Fact]
    [Trait("Row", "X17")]
    public void A_circle_of_causes_is_named()
    {
        var before = Event(Payment, 1, at: 0);
        var first = Event(Order, 1, at: 1, id: 1);
        var second = Event(Payment, 2, at: 2, cause: first);
        var third = Event(Order, 2, at: 3, cause: second);
        var circle = first with { MetadataUtf8 = Metadata(third) };
        var after = Event(Order, 3, at: 4);
        var alone = Event(new StreamId("alone", "1"), 1, at: 0, id: 9);

        var cycle = Assert.Throws<CausalCycleException>(
            () => CausalOrder.Sort([after, third, second, circle, before])).Cycle;
        var own = Assert.Throws<CausalCycleException>(
            () => CausalOrder.Sort([before, alone with { MetadataUtf8 = Metadata(alone) }])).Cycle;

        own.Should().ContainSingle().Which.Id.Should().Be(alone.Id);
        cycle.Select(e => e.Id).Should().OnlyHaveUniqueItems().And.BeSubsetOf([first.Id, second.Id, third.Id]);
        cycle.Should().HaveCountGreaterThan(1);
        for (var index = 0; index < cycle.Count; index++)
        {
            var (cause, effect) = (cycle[index], cycle[(index + 1) % cycle.Count]);
            (Guid.Parse(EventMetadata.Read(effect.MetadataUtf8.Span).CausationId ?? $"{Guid.Empty}") == cause.Id
                || (cause.StreamId == effect.StreamId && cause.Version < effect.Version)).Should().BeTrue();
        }
    }

    [Fact]
    public void An_id_that_stands_for_two_contents_is_refused()
    {
        var placed = Event(Order, 1, at: 1, id: 1);

        var refusal = Assert.Throws<EventIdReusedException>(
            () => CausalOrder.Sort([placed, placed with { EventType = "other" }]));

        refusal.EventId.Should().Be(placed.Id);
    }

    private static EventEnvelope Event(StreamId stream, long version, int at, EventEnvelope? cause = null, int id = 0) =>
        new(
            id == 0 ? Guid.CreateVersion7() : new Guid(id, 0, 0, new byte[8]),
            stream,
            version,
            "happened",
            "{}"u8.ToArray(),
            cause is null ? default : Metadata(cause),
            Noon.AddSeconds(at));

    private static ReadOnlyMemory<byte> Metadata(EventEnvelope cause) =>
        new EventMetadata { CausationId = cause.Id.ToString() }.ToUtf8();
}
