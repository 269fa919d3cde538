using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace K1s0.EventStore;

/// <summary>
/// A handler made of one function a type of event. An event of a type that was not named, or whose payload cannot be
/// decoded, ends as <see cref="EventNotUnderstoodException"/> and is dealt with as a failure: nothing passes silently.
/// Thread-safe once it is set up.
/// </summary>
/// <remarks>
/// Made with an <see cref="EventSerializer"/>, it decodes and upcasts like every other reader, and functions are found
/// by the type of the payload. Made without, functions are found by the stored name and schema version, and payloads
/// are decoded as they are stored: an event of a version that was not named is not understood, as nothing upcasts it.
/// </remarks>
public sealed class EventHandlers : ISubscriptionHandler
{
    // One key each: the name is ordinal, as everywhere.
    private readonly Dictionary<(string EventType, int SchemaVersion), HandleStored> _stored = [];
    private readonly HashSet<string> _ignored = new(StringComparer.Ordinal);

    private readonly Dictionary<Type, Func<object, EventEnvelope, CancellationToken, ValueTask>> _byPayload = [];
    private readonly EventSerializer? _serializer;
    private bool _ignoresOthers;

    private delegate ValueTask HandleStored(EventEnvelope envelope, CancellationToken cancellationToken);

    /// <summary>A handler by stored names and schema versions, without upcasting.</summary>
    public EventHandlers()
    {
    }

    /// <summary>A handler by types of payloads, decoded and upcast by a serialiser.</summary>
    /// <param name="serializer">The serialiser of the application's events.</param>
    public EventHandlers(EventSerializer serializer)
    {
        ArgumentNullException.ThrowIfNull(serializer);
        _serializer = serializer;
    }

    /// <summary>Handles events of a stored name and of schema version 1. For a handler without a serialiser.</summary>
    /// <inheritdoc cref="On{TPayload}(string, int, JsonTypeInfo{TPayload}, Func{TPayload, EventEnvelope,
    /// CancellationToken, ValueTask})"/>
    public EventHandlers On<TPayload>(
        string eventType,
        JsonTypeInfo<TPayload> payloadType,
        Func<TPayload, EventEnvelope, CancellationToken, ValueTask> handle) =>
        On(eventType, schemaVersion: 1, payloadType, handle);

    /// <summary>Handles events of a stored name and schema version. For a handler without a serialiser.</summary>
    /// <typeparam name="TPayload">What the payload is decoded to.</typeparam>
    /// <param name="eventType">The type of event.</param>
    /// <param name="schemaVersion">The schema version that events of this shape carry: 1 or more.</param>
    /// <param name="payloadType">How to decode, usually from a <c>JsonSerializerContext</c>.</param>
    /// <param name="handle">What to do: the payload, the event around it, and the token of the subscription.</param>
    /// <exception cref="ArgumentException">The type is named already, in this version.</exception>
    /// <exception cref="InvalidOperationException">The handler has a serialiser, which this goes around.</exception>
    public EventHandlers On<TPayload>(
        string eventType,
        int schemaVersion,
        JsonTypeInfo<TPayload> payloadType,
        Func<TPayload, EventEnvelope, CancellationToken, ValueTask> handle)
    {
        ArgumentException.ThrowIfNullOrEmpty(eventType);
        ArgumentOutOfRangeException.ThrowIfLessThan(schemaVersion, 1);
        ArgumentNullException.ThrowIfNull(payloadType);
        ArgumentNullException.ThrowIfNull(handle);
        RefuseIf(_serializer is not null, "its events are decoded by the serialiser: use On<TPayload>(handle)");
        RefuseNamed(_ignored.Contains(eventType), eventType);
        _stored.Add(
            (eventType, schemaVersion), (envelope, token) => handle(Decode(envelope, payloadType), envelope, token));
        return this;
    }

    /// <summary>
    /// Handles payloads of a type. An event that upcasters split is handed over in its parts, in order, with the same
    /// envelope around each. For a handler with a serialiser.
    /// </summary>
    /// <typeparam name="TPayload">
    /// The type of the payload, exactly; <see cref="UnknownEvent"/> for those that are not understood.
    /// </typeparam>
    /// <param name="handle">What to do: the payload, the event around it, and the token of the subscription.</param>
    /// <exception cref="ArgumentException">The type is named already.</exception>
    /// <exception cref="InvalidOperationException">The handler has no serialiser.</exception>
    public EventHandlers On<TPayload>(Func<TPayload, EventEnvelope, CancellationToken, ValueTask> handle)
        where TPayload : notnull
    {
        ArgumentNullException.ThrowIfNull(handle);
        RefuseIf(_serializer is null, "it has no serialiser");
        _byPayload.Add(typeof(TPayload), (payload, envelope, token) => handle((TPayload)payload, envelope, token));
        return this;
    }

    /// <summary>Says that events of a stored name mean nothing here, whatever their schema version.</summary>
    /// <param name="eventType">The type of event.</param>
    /// <exception cref="ArgumentException">The type is named already.</exception>
    public EventHandlers Ignore(string eventType)
    {
        ArgumentException.ThrowIfNullOrEmpty(eventType);
        RefuseNamed(VersionsOf(eventType).Length > 0 || !_ignored.Add(eventType), eventType);
        return this;
    }

    /// <summary>
    /// Says that events which the serialiser knows and no function is there for mean nothing here. What the serialiser
    /// does not know still is a failure.
    /// </summary>
    /// <exception cref="InvalidOperationException">The handler has no serialiser.</exception>
    public EventHandlers IgnoreOthers()
    {
        RefuseIf(_serializer is null, "without a serialiser nothing tells other events from unknown ones");
        _ignoresOthers = true;
        return this;
    }

    /// <inheritdoc/>
    /// <exception cref="EventNotUnderstoodException">
    /// The type was not named, or not in this schema version, or the payload is not what the type says.
    /// </exception>
    public ValueTask HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return _ignored.Contains(envelope.EventType) ? ValueTask.CompletedTask
            : _serializer is not null ? HandleDecodedAsync(_serializer, envelope, cancellationToken)
            : _stored.TryGetValue((envelope.EventType, envelope.SchemaVersion), out var handle)
                ? handle(envelope, cancellationToken)
                : throw NotNamed(envelope);
    }

    private EventNotUnderstoodException NotNamed(EventEnvelope envelope)
    {
        var versions = VersionsOf(envelope.EventType);
        return versions.Length == 0
            ? new EventNotUnderstoodException(envelope)
            : new EventNotUnderstoodException(
                envelope,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"it has schema version {envelope.SchemaVersion}, and the handler decodes "
                        + $"{string.Join(", ", versions)}: name the version, or give the handler a serialiser."));
    }

    private int[] VersionsOf(string eventType) =>
    [
        .. _stored.Keys
            .Where(key => string.Equals(key.EventType, eventType, StringComparison.Ordinal))
            .Select(key => key.SchemaVersion)
            .Order(),
    ];

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

    private static void RefuseNamed(bool isNamed, string eventType)
    {
        if (isNamed)
        {
            throw new ArgumentException($"{eventType} is named already.", nameof(eventType));
        }
    }

    private static void RefuseIf(bool isWrong, string reason)
    {
        if (isWrong)
        {
            throw new InvalidOperationException($"This handler cannot be set up so: {reason}.");
        }
    }

    private async ValueTask HandleDecodedAsync(
        EventSerializer serializer, EventEnvelope envelope, CancellationToken cancellationToken)
    {
        var unknown = _byPayload.ContainsKey(typeof(UnknownEvent)) ? UnknownEvents.HandOver : UnknownEvents.Refuse;
        foreach (var payload in serializer.Decode(envelope, unknown))
        {
            if (_byPayload.TryGetValue(payload.GetType(), out var handle))
            {
                await handle(payload, envelope, cancellationToken).ConfigureAwait(false);
            }
            else if (!_ignoresOthers)
            {
                throw new EventNotUnderstoodException(
                    envelope, $"no function is there for {payload.GetType().Name}: name it, or ignore others.");
            }
        }
    }
}
