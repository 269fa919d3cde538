using FluentAssertions;
using Xunit;

// The examples stand here as an application writes them, without the token of a test run.
#pragma warning disable xUnit1051

namespace K1s0.EventStore.Architecture.Tests.Snippets;

/// <summary>The examples of the READMEs about replays and the order of causes.</summary>
public sealed class ReplayExamples
{
    [Fact]
    public async Task The_replay_example_goes_through_a_window_of_time_and_names_the_place_that_it_reached()
    {
        var store = new InMemoryEventStore();
        var order = new StreamId("order", "4711");
        var placed = new OrderPlaced("Ada", 42.50m);
        var stored = EventEnvelope.Create(order, "order-placed", placed, OrderEvents.Default.OrderPlaced);
        await store.AppendAsync(order, [stored]);
        var (total, told) = (0m, new List<double>());
        var (lastWeek, progress) = (DateTimeOffset.UnixEpoch, new Told(told));

        // snippet: replay
        var selection = new ReplaySelection
        {
            Filter = new FeedFilter { StreamTypes = ["order"], RecordedFrom = lastWeek },
            Limit = 100_000,
        };
        var totals = new EventHandlers().On("order-placed", OrderEvents.Default.OrderPlaced, (content, _, _) =>
        {
            total += content.Total;
            return ValueTask.CompletedTask;
        });
        var replay = new Replay(store, store);
        var report = await replay.RunAsync(
            selection,
            [new ReplayHandler("totals", totals) { EventTypes = ["order-placed"] }],
            new ReplayOptions { VerifyContent = true, OnCorrupted = ReplayFailureAction.Skip },
            progress);

        // Written down as text, it says in any process where to go on.
        var rest = selection.Behind(ReplayPlace.Parse(report.Reached!.ToString()));

        // end-snippet
        total.Should().Be(42.50m);
        told.Should().Equal(1);
        rest.After.Should().Be(report.Reached.Offset);
        report.HandledByType.Should().ContainKey("order-placed").WhoseValue.Should().Be(1);
    }

    [Fact]
    public void The_example_of_the_order_of_causes_brings_two_stores_into_one_order()
    {
        var first = new EventEnvelope(
            Guid.CreateVersion7(), new StreamId("a", "1"), 1, "x", "{}"u8.ToArray(), default, DateTimeOffset.UnixEpoch);
        var second = first with
        {
            Id = Guid.CreateVersion7(),
            StreamId = new StreamId("b", "1"),
            MetadataUtf8 = new EventMetadata { CausationId = first.Id.ToString() }.ToUtf8(),
            OccurredAt = DateTimeOffset.UnixEpoch.AddDays(-1),
        };
        EventEnvelope[] fromBerlin = [first], fromTokyo = [second];

        // snippet: causal-order
        var ordered = CausalOrder.Sort([.. fromBerlin, .. fromTokyo]);

        // end-snippet
        ordered.Should().Equal(first, second);
    }

    private sealed class Told(List<double> told) : IProgress<ReplayProgress>
    {
        public void Report(ReplayProgress value) => told.Add(value.Fraction);
    }
}
