namespace K1s0.EventStore.Contract.Tests;

/// <summary>An application service with the two interfaces injected, as a user of the contract writes it.</summary>
public sealed class OrderService(IEventStore store, ISnapshotStore snapshots)
{
    public async Task<bool> PlaceAsync(string orderId, CancellationToken cancellationToken = default)
    {
        var streamId = new StreamId("order", orderId);
        if (await store.ExistsAsync(streamId, cancellationToken))
        {
            return false;
        }

        var order = new Order(orderId);
        order.AddItem("book", 12.50m);
        await store.AppendAsync(streamId, order.Changes, 0, cancellationToken);
        return true;
    }

    public async Task ShipAsync(string orderId, CancellationToken cancellationToken = default)
    {
        var streamId = new StreamId("order", orderId);
        var snapshot = await snapshots.LoadLatestAsync<OrderState>(streamId, cancellationToken);
        var order = snapshot is null
            ? Order.From(streamId, await store.LoadAsync(streamId, cancellationToken: cancellationToken))
            : Order.From(
                snapshot, await store.LoadAsync(streamId, snapshot.Version + 1, cancellationToken: cancellationToken));
        order.Ship();
        await store.AppendAsync(streamId, order.Changes, expectedVersion: order.Version, cancellationToken);
        await snapshots.SaveAsync(
            streamId,
            order.Version + order.Changes.Count,
            new OrderState(order.Total, order.IsShipped),
            cancellationToken);
    }
}
