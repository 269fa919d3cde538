using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

// The examples stand here as an application writes them, without the token of a test run.
#pragma warning disable xUnit1051

namespace K1s0.EventStore.Architecture.Tests.Snippets;

/// <summary>The examples of the READMEs about event types and aggregates.</summary>
public sealed class AggregateExamples
{
    [Fact]
    public async Task The_event_types_example_reads_old_events_in_their_new_shape()
    {
        var services = new ServiceCollection();

        // snippet: event-types
        services.AddEventStore()
            .UseInMemory()
            .AddEventTypes(types => types
                .Add("order-placed", OrderEvents.Default.OrderPlaced, schemaVersion: 2)
                .Rename("order-created", 1, "order-placed", 1)
                .Reshape("order-placed", 1, payload => payload["Total"] = 0)
                .Drop("order-viewed"));

        // end-snippet
        await using var provider = services.BuildServiceProvider();
        var old = EventEnvelope.Create(
            new StreamId("order", "4711"), "order-created", """{"Customer":"Ada"}"""u8.ToArray());
        provider.GetRequiredService<EventSerializer>().Decode(old).Should().Equal(new OrderPlaced("Ada", 0));
    }

    [Fact]
    public async Task The_decider_example_handles_a_command_and_looks_back()
    {
        var services = new ServiceCollection();
        services.AddEventStore().UseInMemory()
            .AddEventTypes(types => types.Add("order-placed", OrderEvents.Default.OrderPlaced))
            .AddDecider(new OrderDecider());
        await using var provider = services.BuildServiceProvider();
        var orders = provider.GetRequiredService<CommandHandler<decimal, PlaceOrder, OrderPlaced>>();
        var order = new StreamId("order", "4711");
        var cause = EventEnvelope.Create(
            order, "cart-checked-out", "{}"u8.ToArray(), new EventMetadata { CorrelationId = "checkout-1" });

        // snippet: decider
        var handled = await orders.HandleAsync(order, new PlaceOrder("Ada", 42.50m), EventMetadata.CausedBy(cause));
        var before = await orders.States.LoadAtAsync(order, StreamPoint.AtVersion(new StreamVersion(1)));

        // end-snippet
        (handled.State, before.State, handled.Version.Value).Should().Be((42.50m, 42.50m, 1));
        var stored = (await provider.GetRequiredService<IEventStore>().LoadAsync(order)).Single();
        EventMetadata.Read(stored.MetadataUtf8.Span).CorrelationId.Should().Be("checkout-1");
    }

    private sealed record PlaceOrder(string Customer, decimal Total);

    private sealed class OrderDecider : IDecider<decimal, PlaceOrder, OrderPlaced>
    {
        public decimal CreateInitialState() => 0;

        public decimal Evolve(decimal state, OrderPlaced happened) => state + happened.Total;

        public IEnumerable<OrderPlaced> Decide(PlaceOrder command, decimal state) =>
            [new OrderPlaced(command.Customer, command.Total)];
    }
}
