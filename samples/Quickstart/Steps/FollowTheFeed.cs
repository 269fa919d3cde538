using K1s0.EventStore.Samples.Quickstart.Domain;
using K1s0.EventStore.Samples.Quickstart.Projections;

namespace K1s0.EventStore.Samples.Quickstart.Steps;

internal sealed class FollowTheFeed(
    AggregateRepository<Order, IOrderEvent> orders,
    IFeedReader feed,
    ICheckpointStore checkpoints,
    EventSerializer serializer) : IStep
{
    public string Title => "A read model catches up from the feed, later only with what is new";

    public async Task RunAsync(Shop shop, Narrator narrator, CancellationToken cancellationToken)
    {
        var handled = await NewFollower(shop).CatchUpAsync(shop.Sales, cancellationToken);
        narrator.Say(shop.Sales.ToString());
        narrator.Check("events handled the first time", 4, handled);
        narrator.Check("revenue", 48.50m, shop.Sales.Revenue);

        await orders.HandleAsync(
            shop.Second,
            order =>
            {
                order.Place("Grace");
                order.AddItem("kettle", quantity: 1, unitPrice: 39);
            },
            cancellationToken: cancellationToken);

        // Another follower, as after a restart: all it knows is the checkpoint.
        handled = await NewFollower(shop).CatchUpAsync(shop.Sales, cancellationToken);
        narrator.Say(shop.Sales.ToString());
        narrator.Check("events handled from the checkpoint", 2, handled);
        narrator.Check("orders placed", 1, shop.Sales.Count(OrderStatus.Placed));
        narrator.Check("orders shipped", 1, shop.Sales.Count(OrderStatus.Shipped));
        narrator.Check("revenue", 87.50m, shop.Sales.Revenue);
    }

    private SalesFollower NewFollower(Shop shop) =>
        new(feed, checkpoints, serializer, shop.SalesConsumer, shop.SalesFilter);
}
