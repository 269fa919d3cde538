using Microsoft.Extensions.DependencyInjection;

namespace K1s0.EventStore.Contract.Tests;

/// <summary>A service that gets the store injected, on the in-memory store.</summary>
[Trait("Row", "K01")]
public sealed class InjectionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_service_places_and_ships_an_order_through_the_injected_store()
    {
        await using var services = Services();
        var service = services.GetRequiredService<OrderService>();
        var streamId = new StreamId("order", "1");

        Assert.True(await service.PlaceAsync("1", Token));
        Assert.False(await service.PlaceAsync("1", Token));
        await service.ShipAsync("1", Token);
        await Assert.ThrowsAsync<InvalidOperationException>(() => service.ShipAsync("1", Token));

        var history = await services.GetRequiredService<IEventStore>().LoadAsync(streamId, cancellationToken: Token);
        var order = Order.From(streamId, history);
        Assert.Equal((2L, 12.50m, true), (order.Version, order.Total, order.IsShipped));
        var snapshot = await services.GetRequiredService<ISnapshotStore>().LoadLatestAsync<OrderState>(streamId, Token);
        Assert.Equal((2L, new OrderState(12.50m, true)), (snapshot!.Version, snapshot.State));
    }

    [Fact]
    public async Task Two_services_that_decide_on_the_same_version_do_not_both_win()
    {
        await using var services = Services();
        await services.GetRequiredService<OrderService>().PlaceAsync("1", Token);
        var (store, streamId) = (services.GetRequiredService<IEventStore>(), new StreamId("order", "1"));
        var first = Order.From(streamId, await store.LoadAsync(streamId, cancellationToken: Token));
        var second = Order.From(streamId, await store.LoadAsync(streamId, cancellationToken: Token));
        first.Ship();
        second.AddItem("pen", 1m);
        await store.AppendAsync(streamId, first.Changes, first.Version, Token);

        var conflict = await Assert.ThrowsAsync<ConcurrencyException>(
            () => store.AppendAsync(streamId, second.Changes, second.Version, Token));

        Assert.Equal((1L, 2L), (conflict.ExpectedVersion, conflict.ActualVersion));
        var order = Order.From(streamId, await store.LoadAsync(streamId, cancellationToken: Token));
        Assert.Equal((2L, 12.50m), (order.Version, order.Total));
    }

    private static ServiceProvider Services()
    {
        var services = new ServiceCollection();
        services.AddEventStore().UseInMemory();
        services.AddSingleton<OrderService>();
        return services.BuildServiceProvider();
    }
}
