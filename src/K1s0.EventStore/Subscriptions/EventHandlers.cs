using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace K1s0.EventStore;

/// <summary>
/// A handler made of one function a type of event. An event of a type that was not named, or whose payload cannot be
/// decoded, ends as <see cref="EventNotUnderstoodException"/> and is dealt with as a failure: nothing passes silently.
/// Thread-safe once it is set up.
/// </summary>
public sealed class EventHandlers : ISubscriptionHandler
{
    private readonly Dictionary<string, Func<EventEnvelope, CancellationToken, ValueTask>> _handlers = new(
        StringComparer.Ordinal);

    /// <summary>Handles events of a type.</summary>
    /// <typeparam name="TPayload">What the payload is decoded to.</typeparam>
    /// <param name="eventType">The type of event.</param>
    /// <param name="payloadType">How to decode, usually from a <c>JsonSerializerContext</c>.</param>
    /// <param name="handle">What to do: the payload, the event around it, and the token of the subscription.</param>
    /// <exception cref="ArgumentException">The type is named already.</exception>
    public EventHandlers On<TPayload>(
        string eventType,
        JsonTypeInfo<TPayload> payloadType,
        Func<TPayload, EventEnvelope, CancellationToken, ValueTask> handle)
    {
        ArgumentException.ThrowIfNullOrEmpty(eventType);
        ArgumentNullException.ThrowIfNull(payloadType);
        ArgumentNullException.ThrowIfNull(handle);
        _handlers.Add(eventType, (envelope, token) => handle(Decode(envelope, payloadType), envelope, token));
        return this;
    }

    /// <summary>Says that events of a type mean nothing here.</summary>
    /// <param name="eventType">The type of event.</param>
    /// <exception cref="ArgumentException">The type is named already.</exception>
    public EventHandlers Ignore(string eventType)
    {
        ArgumentException.ThrowIfNullOrEmpty(eventType);
        _handlers.Add(eventType, static (_, _) => ValueTask.CompletedTask);
        return this;
    }

    /// <inheritdoc/>
    /// <exception cref="EventNotUnderstoodException">
    /// The type was not named, or the payload is not what the type says.
    /// </exception>
    public ValueTask HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return _handlers.TryGetValue(envelope.EventType, out var handle)
            ? handle(envelope, cancellationToken)
            : throw new EventNotUnderstoodException(envelope);
    }

    private static TPayload Decode<TPayload>(EventEnvelope envelope, JsonTypeInfo<TPayload> payloadType)
    {
        try
        {
            return JsonSerializer.Deserialize(envelope.PayloadUtf8.Span, payloadType)
                ?? throw new JsonException("The payload is null.");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw new EventNotUnderstoodException(envelope, e);
        }
    }
}
