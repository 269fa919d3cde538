namespace K1s0.EventStore.Samples.Quickstart.Domain;

/// <summary>The aggregate: decides what may happen, and remembers what did until it is saved.</summary>
internal sealed class Order : IAggregate<IOrderEvent>
{
    /// <summary>An order to which nothing has happened, or one out of a snapshot.</summary>
    public Order(OrderState? state = null) => (State, Changes) = (state, new Changes<IOrderEvent>(Apply));

    /// <summary>What its events add up to; null for an order that does not exist yet.</summary>
    public OrderState? State { get; private set; }

    public Changes<IOrderEvent> Changes { get; }

    public void Place(string customer)
    {
        if (State is not null)
        {
            throw new InvalidOperationException("The order is placed already.");
        }

        Changes.Record(new OrderPlaced(customer));
    }

    // snippet: quickstart-aggregate
    public void AddItem(string article, int quantity, decimal unitPrice)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(quantity, 1);
        EnsureOpen();
        Changes.Record(new ItemAdded(article, quantity, unitPrice));
    }

    public void Apply(IOrderEvent happened) => State = OrderState.Apply(State, happened);

    // end-snippet
    public void Ship(string carrier)
    {
        EnsureOpen();
        Changes.Record(new OrderShipped(carrier));
    }

    private void EnsureOpen()
    {
        if (State is not { Status: OrderStatus.Placed })
        {
            throw new InvalidOperationException($"The order is not open: {State?.Status.ToString() ?? "unknown"}.");
        }
    }
}
