using System.Text.Json;

namespace K1s0.EventStore.Samples.Quickstart.Domain;

/// <summary>Between the domain's events and the store's: the names in here outlive the classes.</summary>
internal static class OrderEvents
{
    public const string StreamType = "order";

    public static EventEnvelope ToEnvelope(
        StreamId streamId, IOrderEvent happened, EventMetadata metadata, TimeProvider timeProvider) => happened switch
        {
            OrderPlaced placed => EventEnvelope.Create(
                streamId, nameof(OrderPlaced), placed, OrderJson.Default.OrderPlaced, metadata, timeProvider),
            ItemAdded added => EventEnvelope.Create(
                streamId, nameof(ItemAdded), added, OrderJson.Default.ItemAdded, metadata, timeProvider),
            OrderShipped shipped => EventEnvelope.Create(
                streamId, nameof(OrderShipped), shipped, OrderJson.Default.OrderShipped, metadata, timeProvider),
            _ => throw new ArgumentOutOfRangeException(nameof(happened), happened, "No such event."),
        };

    public static IOrderEvent FromEnvelope(EventEnvelope envelope)
    {
        var payload = envelope.PayloadUtf8.Span;
        IOrderEvent? happened = envelope.EventType switch
        {
            nameof(OrderPlaced) => JsonSerializer.Deserialize(payload, OrderJson.Default.OrderPlaced),
            nameof(ItemAdded) => JsonSerializer.Deserialize(payload, OrderJson.Default.ItemAdded),
            nameof(OrderShipped) => JsonSerializer.Deserialize(payload, OrderJson.Default.OrderShipped),
            _ => null,
        };
        return happened ?? throw new InvalidDataException($"{envelope} is not an event of an order.");
    }
}
