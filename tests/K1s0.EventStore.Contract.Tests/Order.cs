using System.Text.Json;

namespace K1s0.EventStore.Contract.Tests;

/// <summary>An aggregate that knows the contract's C# section only: it folds envelopes and makes new ones.</summary>
public sealed class Order
{
    private readonly StreamId _streamId;
    private readonly List<EventEnvelope> _changes = [];

    public Order(string orderId)
        : this(new StreamId("order", orderId))
    {
    }

    private Order(StreamId streamId) => _streamId = streamId;

    public long Version { get; private set; }

    public decimal Total { get; private set; }

    public bool IsShipped { get; private set; }

    public IReadOnlyList<EventEnvelope> Changes => _changes;

    public static Order From(StreamId streamId, IEnumerable<EventEnvelope> history)
    {
        ArgumentNullException.ThrowIfNull(history);
        var order = new Order(streamId);
        foreach (var envelope in history)
        {
            order.Apply(envelope);
            order.Version = envelope.Version;
        }

        return order;
    }

    public static Order From(Snapshot<OrderState> snapshot, IEnumerable<EventEnvelope> delta)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(delta);
        var order = new Order(snapshot.StreamId)
        {
            Version = snapshot.Version,
            Total = snapshot.State.Total,
            IsShipped = snapshot.State.IsShipped,
        };
        foreach (var envelope in delta)
        {
            order.Apply(envelope);
            order.Version = envelope.Version;
        }

        return order;
    }

    public void AddItem(string item, decimal price) => Record("ItemAdded", new { item, price });

    public void Ship()
    {
        if (IsShipped)
        {
            throw new InvalidOperationException("The order is shipped already.");
        }

        Record("OrderShipped", new { });
    }

    private void Record(string eventType, object payload)
    {
        var envelope = new EventEnvelope(
            Guid.CreateVersion7(),
            _streamId,
            0,
            eventType,
            JsonSerializer.SerializeToElement(payload),
            JsonSerializer.SerializeToElement(new { actor = "alice" }),
            DateTimeOffset.UtcNow);
        Apply(envelope);
        _changes.Add(envelope);
    }

    private void Apply(EventEnvelope envelope)
    {
        switch (envelope)
        {
            case (_, _, _, "ItemAdded", var payload, _, _):
                Total += payload.GetProperty("price").GetDecimal();
                break;
            case { EventType: "OrderShipped" }:
                IsShipped = true;
                break;
            default:
                throw new InvalidOperationException($"{envelope.EventType} is not an event of an order.");
        }
    }
}
