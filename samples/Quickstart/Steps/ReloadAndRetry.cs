using K1s0.EventStore.Samples.Quickstart.Domain;

namespace K1s0.EventStore.Samples.Quickstart.Steps;

internal sealed class ReloadAndRetry(OrderService orders, IEventStore store, TimeProvider timeProvider) : IStep
{
    public string Title => "The slower clerk reloads and goes on; a repeated append stores nothing twice";

    public async Task RunAsync(Shop shop, Narrator narrator, CancellationToken cancellationToken)
    {
        var (order, _, _) = await orders.LoadAsync(shop.First, cancellationToken);
        narrator.Check("the reloaded order knows the cups", 5, order.State?.Items);

        // An append whose answer got lost on the way is simply made again, with the same envelopes.
        order.Ship("slow boat");
        var metadata = new EventMetadata { Actor = "slow clerk" };
        EventEnvelope[] events =
        [
            .. order.Changes.Select(change => OrderEvents.ToEnvelope(order.StreamId, change, metadata, timeProvider)),
        ];
        var first = await store.AppendAsync(order.StreamId, events, order.Version, cancellationToken);
        var again = await store.AppendAsync(order.StreamId, events, order.Version, cancellationToken);

        narrator.Check("the version after the append", 4, first.Version.Value);
        narrator.Check("the version after the same append again", 4, again.Version.Value);
        narrator.Check("the second answer says that it is a repetition", true, again.WasRepeated);
        var stored = await store.LoadAsync(shop.First, cancellationToken: cancellationToken);
        narrator.Check("events in the stream", 4, stored.Count);
    }
}
