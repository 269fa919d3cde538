using Microsoft.Extensions.DependencyInjection;

namespace K1s0.EventStore.Samples.Quickstart.Domain;

/// <summary>Between the domain and the store: the names in here outlive the classes.</summary>
internal static class OrderEvents
{
    public const string StreamType = "order";

    public static void AddOrders(this IEventStoreBuilder builder)
    {
        // snippet: quickstart-registration
        builder
            .AddEventTypes(types => types
                .Add("OrderPlaced", OrderJson.Default.OrderPlaced)
                .Add("ItemAdded", OrderJson.Default.ItemAdded)
                .Add("OrderShipped", OrderJson.Default.OrderShipped))
            .AddAggregate<Order, IOrderEvent>(() => new Order(), options =>
            {
                options.Format = StateFormat.Json(
                    OrderJson.Default.OrderState, keep: order => order.State!, restore: state => new Order(state));
                options.Snapshots = SnapshotStrategy.EveryEvents(10);
                options.CacheCapacity = 0;
            });

        // end-snippet
    }
}
