namespace K1s0.EventStore.Samples.Quickstart.Domain;

/// <summary>What the events of an order add up to; also what a snapshot keeps.</summary>
internal sealed record OrderState(string Customer, OrderStatus Status, int Items, decimal Total)
{
    /// <summary>The state after one more event. Never refuses: what has happened has happened.</summary>
    public static OrderState? Apply(OrderState? state, IOrderEvent happened) => (happened, state) switch
    {
        (OrderPlaced placed, _) => new OrderState(placed.Customer, OrderStatus.Placed, Items: 0, Total: 0),
        (ItemAdded added, { } before) => before with
        {
            Items = before.Items + added.Quantity,
            Total = before.Total + (added.Quantity * added.UnitPrice),
        },
        (OrderShipped, { } before) => before with { Status = OrderStatus.Shipped },
        _ => state,
    };
}
