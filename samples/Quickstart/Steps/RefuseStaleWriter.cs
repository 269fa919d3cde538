using K1s0.EventStore.Samples.Quickstart.Domain;

namespace K1s0.EventStore.Samples.Quickstart.Steps;

internal sealed class RefuseStaleWriter(OrderService orders, IEventStore store) : IStep
{
    public string Title => "Two clerks work on one order: the slower one is refused";

    public async Task RunAsync(Shop shop, Narrator narrator, CancellationToken cancellationToken)
    {
        var (fast, _, _) = await orders.LoadAsync(shop.First, cancellationToken);
        var (slow, _, _) = await orders.LoadAsync(shop.First, cancellationToken);
        narrator.Say($"both have loaded version {fast.Version}");

        fast.AddItem("cup", quantity: 4, unitPrice: 6);
        await orders.SaveAsync(fast, actor: "fast clerk", cancellationToken);
        slow.Ship("slow boat");
        var conflict = await SaveTooLateAsync(slow, cancellationToken);

        narrator.Check("the version that the slower clerk expected", 2, conflict?.ExpectedVersion);
        narrator.Check("the version that the order really has", 3, conflict?.ActualVersion);
        var stored = await store.LoadAsync(shop.First, cancellationToken: cancellationToken);
        narrator.Check("nothing of the refused append is there", nameof(ItemAdded), stored[^1].EventType);
    }

    private async Task<ConcurrencyException?> SaveTooLateAsync(Order order, CancellationToken cancellationToken)
    {
        // snippet: quickstart-conflict
        try
        {
            await orders.SaveAsync(order, actor: "slow clerk", cancellationToken);
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
