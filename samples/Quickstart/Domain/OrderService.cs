using Microsoft.Extensions.Options;

namespace K1s0.EventStore.Samples.Quickstart.Domain;

/// <summary>What an application would have: loads an order, lets it decide, saves what happened.</summary>
internal sealed class OrderService(
    IEventStore store, ISnapshotStore snapshots, IOptions<EventStoreOptions> options, TimeProvider timeProvider)
{
    /// <summary>Loads an order: the latest snapshot, if there is one, and the events behind it.</summary>
    public async Task<LoadedOrder> LoadAsync(StreamId streamId, CancellationToken cancellationToken)
    {
        // snippet: quickstart-load
        var snapshot = await snapshots.LoadLatestAsync<OrderState>(streamId, cancellationToken);
        var version = snapshot?.Version ?? 0;
        var events = await store.LoadAsync(streamId, fromVersion: version + 1, cancellationToken: cancellationToken);
        var state = events.Select(OrderEvents.FromEnvelope).Aggregate(snapshot?.State, OrderState.Apply);
        var order = new Order(streamId, version + events.Count, state);
        // end-snippet
        return new LoadedOrder(order, version, events.Count);
    }

    /// <summary>Appends what happened to an order since it was loaded.</summary>
    /// <exception cref="ConcurrencyException">Somebody else was faster: load again and decide again.</exception>
    public async Task<AppendResult> SaveAsync(Order order, string actor, CancellationToken cancellationToken)
    {
        // snippet: quickstart-append
        var metadata = new EventMetadata { Actor = actor };
        var events = order.Changes.Select(
            happened => OrderEvents.ToEnvelope(order.StreamId, happened, metadata, timeProvider));
        var result = await store.AppendAsync(order.StreamId, events, expectedVersion: order.Version, cancellationToken);
        // end-snippet

        // A snapshot is only a cache, so it is taken behind the append and may fail without harm.
        var interval = options.Value.SnapshotInterval;
        if (order.State is { } state && result.Version.Value / interval > order.Version / interval)
        {
            await snapshots.SaveAsync(order.StreamId, result.Version.Value, state, cancellationToken);
        }

        return result;
    }
}
