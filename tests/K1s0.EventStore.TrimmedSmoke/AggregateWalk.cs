using Microsoft.Extensions.DependencyInjection;

namespace K1s0.EventStore.TrimmedSmoke;

/// <summary>One way through an aggregate: command, upcast, snapshot, load, difference.</summary>
internal static class AggregateWalk
{
    private static readonly StreamId Order = new("order", "4712");

    public static void AddOrders(IEventStoreBuilder builder) => builder
        .AddEventTypes(types => types
            .Add("order-paid", OrderJson.Default.OrderPaid, schemaVersion: 2)
            .Reshape("order-paid", 1, payload => payload["Amount"] = payload["Cents"]!.GetValue<decimal>() / 100))
        .AddState(
            StateFold.Of<OrderState, OrderPaid>(
                () => new OrderState("Ada", 0), (state, paid) => state with { Paid = state.Paid + paid.Amount }),
            options =>
            {
                options.Format = StateFormat.Json(OrderJson.Default.OrderState);
                options.Snapshots = SnapshotStrategy.EveryEvents(2);
                options.CacheCapacity = 0;
            });

    /// <summary>What did not come out as promised; empty when everything did.</summary>
    public static async Task<IReadOnlyList<string>> RunAsync(IServiceProvider provider)
    {
        var failures = new List<string>();
        var orders = provider.GetRequiredService<AggregateStore<OrderState, OrderPaid>>();
        var old = EventEnvelope.Create(Order, "order-paid", """{"Cents":250}"""u8.ToArray());
        await provider.GetRequiredService<IEventStore>().AppendAsync(Order, [old]);

        var handled = await orders.HandleAsync(Order, _ => [new OrderPaid(4)]);
        var loaded = await orders.LoadAsync(Order);
        var difference = await orders.CompareAsync(
            Order, StreamPoint.AtVersion(new StreamVersion(1)), StreamPoint.End);

        Check(handled.State.Paid == 6.5m, "an old payment and a new one add up", failures);
        Check(loaded.StartedAt.Value == 2 && loaded.State == handled.State, "the snapshot was taken", failures);
        Check(difference.Changes is [{ Path: "/Paid" }], "the difference names the member", failures);
        return failures;
    }

    private static void Check(bool holds, string promise, List<string> failures)
    {
        if (!holds)
        {
            failures.Add(promise);
        }
    }
}
