using K1s0.EventStore.Samples.Quickstart.Domain;

namespace K1s0.EventStore.Samples.Quickstart.Steps;

internal sealed class ReloadAndRetry(
    AggregateRepository<Order, IOrderEvent> orders, IEventStore store, EventSerializer serializer) : IStep
{
    public string Title => "The slower clerk reloads and goes on; a repeated append stores nothing twice";

    public async Task RunAsync(Shop shop, Narrator narrator, CancellationToken cancellationToken)
    {
        var order = await orders.LoadAsync(shop.First, cancellationToken);
        narrator.Check("the reloaded order knows the cups", 5, order.State.State?.Items);

        // An append whose answer got lost on the way is simply made again, with the same envelopes.
        order.State.Ship("slow boat");
        var metadata = new EventMetadata { Actor = "slow clerk" };
        EventEnvelope[] events =
        [
            .. order.State.Changes.Recorded.Select(
                change => serializer.ToEnvelope(order.StreamId, change, metadata)),
        ];
        var first = await store.AppendAsync(order.StreamId, events, order.Version.Value, cancellationToken);
        var again = await store.AppendAsync(order.StreamId, events, order.Version.Value, cancellationToken);

        narrator.Check("the version after the append", 4, first.Version.Value);
        narrator.Check("the version after the same append again", 4, again.Version.Value);
        narrator.Check("the second answer says that it is a repetition", true, again.WasRepeated);
        var stored = await store.LoadAsync(shop.First, cancellationToken: cancellationToken);
        narrator.Check("events in the stream", 4, stored.Count);
    }
}
