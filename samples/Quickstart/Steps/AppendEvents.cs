using K1s0.EventStore.Samples.Quickstart.Domain;

namespace K1s0.EventStore.Samples.Quickstart.Steps;

internal sealed class AppendEvents(AggregateRepository<Order, IOrderEvent> orders, IEventStore store) : IStep
{
    public string Title => "An order is placed: events are appended";

    public async Task RunAsync(Shop shop, Narrator narrator, CancellationToken cancellationToken)
    {
        // snippet: quickstart-append
        var metadata = new EventMetadata { Actor = "ada" };
        var handled = await orders.HandleAsync(
            shop.First,
            order =>
            {
                order.Place("Ada");
                order.AddItem("teapot", quantity: 1, unitPrice: 24.50m);
            },
            metadata,
            cancellationToken);

        // end-snippet

        var stored = await store.LoadAsync(shop.First, cancellationToken: cancellationToken);
        foreach (var envelope in stored)
        {
            narrator.Show(envelope);
        }

        narrator.Check("the append returned the new version", 2, handled.Version.Value);
        narrator.Check("events that can be read back", 2, stored.Count);
        narrator.Check("who did it", "ada", stored[0].Actor);
    }
}
