using K1s0.EventStore.Samples.Quickstart.Domain;

namespace K1s0.EventStore.Samples.Quickstart.Steps;

internal sealed class RefuseStaleWriter(AggregateRepository<Order, IOrderEvent> orders, IEventStore store) : IStep
{
    public string Title => "Two clerks work on one order: the slower one is refused";

    public async Task RunAsync(Shop shop, Narrator narrator, CancellationToken cancellationToken)
    {
        var fast = await orders.LoadAsync(shop.First, cancellationToken);
        var slow = await orders.LoadAsync(shop.First, cancellationToken);
        narrator.Say($"both have loaded version {fast.Version}");

        fast.State.AddItem("cup", quantity: 4, unitPrice: 6);
        await orders.SaveAsync(fast, new EventMetadata { Actor = "fast clerk" }, cancellationToken);
        slow.State.Ship("slow boat");
        var conflict = await SaveTooLateAsync(slow, cancellationToken);

        narrator.Check("the version that the slower clerk expected", 2, conflict?.ExpectedVersion);
        narrator.Check("the version that the order really has", 3, conflict?.ActualVersion);
        var stored = await store.LoadAsync(shop.First, cancellationToken: cancellationToken);
        narrator.Check("nothing of the refused append is there", nameof(ItemAdded), stored[^1].EventType);
    }

    private async Task<ConcurrencyException?> SaveTooLateAsync(
        LoadedState<Order> order, CancellationToken cancellationToken)
    {
        // snippet: quickstart-conflict
        try
        {
            await orders.SaveAsync(order, cancellationToken: cancellationToken);
            return null;
        }
        catch (ConcurrencyException conflict)
        {
            // conflict.ExpectedVersion, conflict.ActualVersion: load the order again and decide again.
            return conflict;
        }
        // end-snippet
    }
}
