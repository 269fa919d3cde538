using K1s0.EventStore.Samples.Quickstart.Domain;

namespace K1s0.EventStore.Samples.Quickstart.Projections;

/// <summary>A read model: how many orders stand where, and what they are worth.</summary>
internal sealed class Sales
{
    private readonly Dictionary<StreamId, OrderState?> _orders = [];

    public decimal Revenue => _orders.Values.Sum(order => order?.Total ?? 0);

    public int Count(OrderStatus status) => _orders.Values.Count(order => order?.Status == status);

    public void Apply(StreamId order, IOrderEvent happened) =>
        _orders[order] = OrderState.Apply(_orders.GetValueOrDefault(order), happened);

    public override string ToString() => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"{Count(OrderStatus.Placed)} placed, {Count(OrderStatus.Shipped)} shipped, revenue {Revenue:N2}");
}
