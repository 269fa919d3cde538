using K1s0.EventStore.Samples.Quickstart.Domain;

namespace K1s0.EventStore.Samples.Quickstart.Steps;

internal sealed class TakeSnapshot(AggregateRepository<Order, IOrderEvent> orders) : IStep
{
    public string Title => "A large order is loaded from its snapshot and the few events behind it";

    public async Task RunAsync(Shop shop, Narrator narrator, CancellationToken cancellationToken)
    {
        await orders.HandleAsync(
            shop.Large, order => order.Place("Edsger"), cancellationToken: cancellationToken);
        for (var item = 1; item <= 12; item++)
        {
            await orders.HandleAsync(
                shop.Large,
                order => order.AddItem($"book {item}", quantity: 1, unitPrice: item),
                cancellationToken: cancellationToken);
        }

        var loaded = await orders.LoadAsync(shop.Large, cancellationToken);
        narrator.Check("the version of the snapshot", 10, loaded.StartedAt.Value);
        narrator.Check("events replayed on top of it", 3, loaded.AppliedEvents);

        // A past version lies before the snapshot: this one is made of the events alone.
        var early = StreamPoint.AtVersion(new StreamVersion(9));
        var difference = await orders.States.CompareAsync(shop.Large, early, StreamPoint.End, cancellationToken);
        narrator.Check("events replayed for the past state", 9, difference.Before.AppliedEvents);
        narrator.Check("items then", 8, difference.Before.State.State?.Items);
        narrator.Check(
            "what is different", "~ /items: 8 -> 12, ~ /total: 36 -> 78", string.Join(", ", difference.Changes));
    }
}
