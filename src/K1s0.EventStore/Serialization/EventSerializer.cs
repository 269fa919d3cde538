using System.Collections.Frozen;
using K1s0.EventStore.Telemetry;

namespace K1s0.EventStore;

/// <summary>
/// The one way from what happened to what is stored, and back: every reader (aggregates, subscriptions, projections,
/// replays) decodes and upcasts here. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// Upcasting happens on reading, and in memory only: stored bytes, digests and chains stay as they are. An event is
/// found by its type and its schema version; a payload of the current schema version is decoded without a detour.
/// </remarks>
public sealed class EventSerializer
{
    /// <summary>The most upcasters that one event may pass: 100.</summary>
    public const int MaxSteps = 100;

    /// <summary>The most events that one stored event may be read as: 1,000.</summary>
    public const int MaxParts = 1_000;

    private readonly FrozenDictionary<string, EventType> _byName;
    private readonly FrozenDictionary<Type, EventType> _byPayload;
    private readonly FrozenDictionary<(string, int), Upcaster> _upcasters;
    private readonly TimeProvider _timeProvider;

    /// <summary>A serialiser for the kinds of events as they are now; later additions are not seen.</summary>
    /// <param name="types">The kinds of events.</param>
    /// <param name="timeProvider">Where the time of new events comes from; the system's clock when null.</param>
    /// <exception cref="EventTypeConflictException">An upcaster contradicts a type, or leads nowhere.</exception>
    public EventSerializer(EventTypes types, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(types);
        types.Check();
        _byName = types.ByName.ToFrozenDictionary(StringComparer.Ordinal);
        _byPayload = types.ByPayload.ToFrozenDictionary();
        _upcasters = types.Upcasters.ToFrozenDictionary();
        _timeProvider = timeProvider ?? TimeProvider.System;
        StoredTypes = _byName.Keys.Concat(_upcasters.Keys.Select(key => key.Item1)).ToFrozenSet(StringComparer.Ordinal);
    }

    /// <summary>The names under which events that are known here may be stored, for a filter of the feed.</summary>
    public IReadOnlySet<string> StoredTypes { get; }

    /// <summary>A new event, with a version 7 id, the current time and its current schema version.</summary>
    /// <param name="streamId">The stream that the event is meant for.</param>
    /// <param name="happened">What happened: of a type that was added, exactly.</param>
    /// <param name="metadata">Circumstances, or null for none.</param>
    /// <exception cref="ArgumentException">The type was not added.</exception>
    public EventEnvelope ToEnvelope(StreamId streamId, object happened, EventMetadata? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(happened);
        return _byPayload.TryGetValue(happened.GetType(), out var type)
            ? EventEnvelope.Create(streamId, type.Name, type.Serialize(happened), metadata, _timeProvider) with
            {
                SchemaVersion = type.SchemaVersion,
            }
            : throw new ArgumentException(
                $"{happened.GetType()} is no event type that was added.", nameof(happened));
    }

    /// <summary>What happened: mostly one event, several or none where upcasters say so, in order.</summary>
    /// <param name="envelope">The stored event.</param>
    /// <param name="unknown">What to do when it is not understood.</param>
    /// <returns>
    /// The payloads. When the event is not understood and that is tolerated: one <see cref="UnknownEvent"/>.
    /// </returns>
    /// <exception cref="EventNotUnderstoodException">
    /// Nobody knows this type in this schema version, its payload does not decode, or an upcaster failed.
    /// </exception>
    public IReadOnlyList<object> Decode(EventEnvelope envelope, UnknownEvents unknown = UnknownEvents.Refuse)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        try
        {
            if (Current(envelope.EventType, envelope.SchemaVersion) is { } type)
            {
                return [Read(envelope, type, envelope.PayloadUtf8.Span)];
            }

            var found = new List<object>();
            Upcast(new RawEvent(envelope), steps: 0, found);
            return found;
        }
        catch (EventNotUnderstoodException e)
        {
            SerializationTelemetry.CountNotUnderstood(unknown);
            if (unknown is UnknownEvents.HandOver)
            {
                return [new UnknownEvent(envelope, e)];
            }

            throw;
        }
    }

    private static object Read(EventEnvelope envelope, EventType type, ReadOnlySpan<byte> payloadUtf8)
    {
        try
        {
            return type.Deserialize(payloadUtf8);
        }
        catch (Exception e) when (IsBlameOfPayload(e))
        {
            throw new EventNotUnderstoodException(envelope, e);
        }
    }

    // Constructors, converters and upcasters of the application run while a payload is decoded: whatever they throw
    // means that the event is not understood.
    private static bool IsBlameOfPayload(Exception e) =>
        e is not (EventNotUnderstoodException or OutOfMemoryException or OperationCanceledException);

    private EventType? Current(string eventType, int schemaVersion) =>
        _byName.TryGetValue(eventType, out var type) && type.SchemaVersion == schemaVersion ? type : null;

    private void Upcast(RawEvent raw, int steps, List<object> found)
    {
        if (Current(raw.EventType, raw.SchemaVersion) is { } type)
        {
            found.Add(Read(raw.Stored, type, raw.PayloadUtf8.Span));
            return;
        }

        if (!_upcasters.TryGetValue((raw.EventType, raw.SchemaVersion), out var upcaster))
        {
            throw steps == 0
                ? new EventNotUnderstoodException(raw.Stored)
                : new EventNotUnderstoodException(
                    raw.Stored,
                    $"it is read as {raw.EventType}, schema version {raw.SchemaVersion}, which is unknown.");
        }

        if (steps == MaxSteps)
        {
            throw new EventNotUnderstoodException(raw.Stored, $"it passed {MaxSteps} upcasters, the limit.");
        }

        foreach (var part in Step(raw, upcaster, MaxParts - found.Count))
        {
            Upcast(part, steps + 1, found);
        }
    }

    private static List<RawEvent> Step(RawEvent raw, Upcaster upcaster, int limit)
    {
        var parts = new List<RawEvent>();
        try
        {
            foreach (var part in upcaster.Step(raw))
            {
                if (parts.Count == limit)
                {
                    throw new EventNotUnderstoodException(
                        raw.Stored, $"it is read as more than {MaxParts} events, the limit.");
                }

                parts.Add(part);
            }

            return parts;
        }
        catch (Exception e) when (IsBlameOfPayload(e))
        {
            throw new EventNotUnderstoodException(raw.Stored, e);
        }
    }
}
