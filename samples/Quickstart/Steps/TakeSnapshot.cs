using K1s0.EventStore.Samples.Quickstart.Domain;

namespace K1s0.EventStore.Samples.Quickstart.Steps;

internal sealed class TakeSnapshot(OrderService orders, IEventStore store) : IStep
{
    public string Title => "A large order is loaded from its snapshot and the few events behind it";

    public async Task RunAsync(Shop shop, Narrator narrator, CancellationToken cancellationToken)
    {
        var (order, _, _) = await orders.LoadAsync(shop.Large, cancellationToken);
        order.Place("Edsger");
        await orders.SaveAsync(order, actor: "edsger", cancellationToken);
        for (var item = 1; item <= 12; item++)
        {
            (order, _, _) = await orders.LoadAsync(shop.Large, cancellationToken);
            order.AddItem($"book {item}", quantity: 1, unitPrice: item);
            await orders.SaveAsync(order, actor: "edsger", cancellationToken);
        }

        var (loaded, snapshotVersion, replayed) = await orders.LoadAsync(shop.Large, cancellationToken);
        narrator.Check("the version of the snapshot", 10, snapshotVersion);
        narrator.Check("events replayed on top of it", 3, replayed);

        var all = await store.LoadAsync(shop.Large, cancellationToken: cancellationToken);
        var replay = all.Select(OrderEvents.FromEnvelope).Aggregate((OrderState?)null, OrderState.Apply);
        narrator.Check($"the state equals the replay of all {all.Count} events", replay, loaded.State);
    }
}
