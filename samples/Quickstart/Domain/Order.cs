namespace K1s0.EventStore.Samples.Quickstart.Domain;

/// <summary>The aggregate: decides what may happen, and remembers what did until it is saved.</summary>
internal sealed class Order
{
    private readonly List<IOrderEvent> _changes = [];

    /// <summary>An order as it was loaded.</summary>
    /// <param name="streamId">Its stream.</param>
    /// <param name="version">The version that it was loaded at; 0 for an order that does not exist yet.</param>
    /// <param name="state">Its state at that version; null for an order that does not exist yet.</param>
    public Order(StreamId streamId, long version, OrderState? state) =>
        (StreamId, Version, State) = (streamId, version, state);

    public StreamId StreamId { get; }

    /// <summary>The version that the next save expects.</summary>
    public long Version { get; }

    public OrderState? State { get; private set; }

    /// <summary>What happened since the order was loaded.</summary>
    public IReadOnlyList<IOrderEvent> Changes => _changes;

    public void Place(string customer)
    {
        if (State is not null)
        {
            throw new InvalidOperationException($"{StreamId} is placed already.");
        }

        Happen(new OrderPlaced(customer));
    }

    public void AddItem(string article, int quantity, decimal unitPrice)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(quantity, 1);
        EnsureOpen();
        Happen(new ItemAdded(article, quantity, unitPrice));
    }

    public void Ship(string carrier)
    {
        EnsureOpen();
        Happen(new OrderShipped(carrier));
    }

    private void EnsureOpen()
    {
        if (State is not { Status: OrderStatus.Placed })
        {
            throw new InvalidOperationException($"{StreamId} is not open: {State?.Status.ToString() ?? "unknown"}.");
        }
    }

    private void Happen(IOrderEvent happened)
    {
        State = OrderState.Apply(State, happened);
        _changes.Add(happened);
    }
}
