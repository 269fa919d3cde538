using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace K1s0.EventStore;

/// <summary>
/// The kinds of events that an application knows: their names, which no CLR name takes part in, the types of their
/// payloads, and how events that were written in an older shape are read. Set it up once, then make an
/// <see cref="EventSerializer"/> of it. Not thread-safe.
/// </summary>
public sealed class EventTypes
{
    private readonly Dictionary<string, EventType> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<Type, EventType> _byPayload = [];
    private readonly Dictionary<(string Type, int SchemaVersion), Upcaster> _upcasters = [];

    internal IReadOnlyDictionary<string, EventType> ByName => _byName;

    internal IReadOnlyDictionary<Type, EventType> ByPayload => _byPayload;

    internal IReadOnlyDictionary<(string Type, int SchemaVersion), Upcaster> Upcasters => _upcasters;

    /// <summary>Adds a kind of event, with generated code for its payload.</summary>
    /// <typeparam name="TPayload">The type of the payload.</typeparam>
    /// <param name="eventType">The name that is stored; it outlives the class.</param>
    /// <param name="payloadType">How to serialise, usually from a <c>JsonSerializerContext</c>.</param>
    /// <param name="schemaVersion">The version of the shape that is written today: 1 or more.</param>
    /// <exception cref="EventTypeConflictException">The name or the type is there already.</exception>
    public EventTypes Add<TPayload>(string eventType, JsonTypeInfo<TPayload> payloadType, int schemaVersion = 1)
        where TPayload : notnull
    {
        ArgumentException.ThrowIfNullOrEmpty(eventType);
        ArgumentNullException.ThrowIfNull(payloadType);
        ArgumentOutOfRangeException.ThrowIfLessThan(schemaVersion, 1);
        var added = new EventType<TPayload>(eventType, schemaVersion, payloadType);
        if (_byName.TryGetValue(eventType, out var named))
        {
            throw Conflict(added, $"the name is taken by {named.PayloadType}.");
        }

        if (_byPayload.TryGetValue(typeof(TPayload), out var typed))
        {
            throw Conflict(added, $"{typeof(TPayload)} is written as {typed.Name} already.");
        }

        _byName.Add(eventType, added);
        _byPayload.Add(typeof(TPayload), added);
        return this;
    }

    /// <summary>Adds a kind of event whose payload is serialised by reflection: not for trimmed programs.</summary>
    /// <typeparam name="TPayload">The type of the payload.</typeparam>
    /// <param name="eventType">The name that is stored; it outlives the class.</param>
    /// <param name="schemaVersion">The version of the shape that is written today: 1 or more.</param>
    /// <param name="options">How to serialise; null for camel case names.</param>
    /// <exception cref="EventTypeConflictException">The name or the type is there already.</exception>
    [RequiresUnreferencedCode("Serialises by reflection. Trimmed programs pass a JsonTypeInfo to Add.")]
    [RequiresDynamicCode("Serialises by reflection. Programs compiled ahead of time pass a JsonTypeInfo to Add.")]
    public EventTypes AddByReflection<TPayload>(
        string eventType, int schemaVersion = 1, JsonSerializerOptions? options = null)
        where TPayload : notnull
    {
        options = new JsonSerializerOptions(options ?? JsonSerializerOptions.Web);
        options.TypeInfoResolver ??= new DefaultJsonTypeInfoResolver();
        return Add(eventType, (JsonTypeInfo<TPayload>)options.GetTypeInfo(typeof(TPayload)), schemaVersion);
    }

    /// <summary>
    /// Reads events of an old name or schema version as those of another one, with the payload as it is.
    /// </summary>
    /// <param name="eventType">The name that is stored.</param>
    /// <param name="schemaVersion">The schema version that is stored.</param>
    /// <param name="newEventType">The name to read it as; the same is allowed when the schema version differs.</param>
    /// <param name="newSchemaVersion">The schema version to read it as.</param>
    /// <exception cref="EventTypeConflictException">There is an upcaster for it already.</exception>
    public EventTypes Rename(string eventType, int schemaVersion, string newEventType, int newSchemaVersion = 1)
    {
        ArgumentException.ThrowIfNullOrEmpty(newEventType);
        ArgumentOutOfRangeException.ThrowIfLessThan(newSchemaVersion, 1);
        return AddUpcaster(
            eventType,
            schemaVersion,
            new Upcaster(raw => [raw.As(newEventType, newSchemaVersion)], (newEventType, newSchemaVersion)));
    }

    /// <summary>Changes the payload, and reads the event as the next schema version of the same type.</summary>
    /// <param name="eventType">The name that is stored.</param>
    /// <param name="schemaVersion">The schema version that is stored.</param>
    /// <param name="reshape">Changes the payload, a copy: what is stored stays as it is.</param>
    /// <exception cref="EventTypeConflictException">There is an upcaster for it already.</exception>
    public EventTypes Reshape(string eventType, int schemaVersion, Action<JsonObject> reshape)
    {
        ArgumentNullException.ThrowIfNull(reshape);
        return AddUpcaster(
            eventType,
            schemaVersion,
            new Upcaster(
                raw =>
                {
                    var payload = raw.ReadObject();
                    reshape(payload);
                    return [raw.With(payload).As(eventType, schemaVersion + 1)];
                },
                (eventType, schemaVersion + 1)));
    }

    /// <summary>Reads one event as several, as one of another kind, or as none.</summary>
    /// <param name="eventType">The name that is stored.</param>
    /// <param name="schemaVersion">The schema version that is stored.</param>
    /// <param name="split">
    /// Gives the events that it stands for, in order, at most <see cref="EventSerializer.MaxParts"/>.
    /// </param>
    /// <exception cref="EventTypeConflictException">There is an upcaster for it already.</exception>
    public EventTypes Split(string eventType, int schemaVersion, Func<RawEvent, IEnumerable<RawEvent>> split)
    {
        ArgumentNullException.ThrowIfNull(split);
        return AddUpcaster(eventType, schemaVersion, new Upcaster(split, Target: null));
    }

    /// <summary>Says that an event means nothing any more: every reader passes it over.</summary>
    /// <param name="eventType">The name that is stored.</param>
    /// <param name="schemaVersion">The schema version that is stored.</param>
    /// <exception cref="EventTypeConflictException">There is an upcaster for it already.</exception>
    public EventTypes Drop(string eventType, int schemaVersion = 1) =>
        AddUpcaster(eventType, schemaVersion, new Upcaster(static _ => [], Target: null));

    // What can only be seen when everything is there: an upcaster that hides a current type, leads nowhere or runs in
    // a circle.
    internal void Check()
    {
        foreach (var ((name, schemaVersion), upcaster) in _upcasters)
        {
            if (_byName.TryGetValue(name, out var current) && current.SchemaVersion == schemaVersion)
            {
                throw Conflict(current, "it is written today, and an upcaster is given for it.");
            }

            var (steps, target) = (0, upcaster.Target);
            while (target is { } next && !IsCurrent(next))
            {
                if (++steps > EventSerializer.MaxSteps || !_upcasters.TryGetValue(next, out var following))
                {
                    throw new EventTypeConflictException(
                        name,
                        schemaVersion,
                        payloadType: null,
                        steps > EventSerializer.MaxSteps
                            ? "its upcasters run in a circle."
                            : $"it is read as {next.Type}, schema version {next.SchemaVersion}, which nobody knows.");
                }

                target = following.Target;
            }
        }
    }

    private static EventTypeConflictException Conflict(EventType type, string detail) =>
        new(type.Name, type.SchemaVersion, type.PayloadType, detail);

    private bool IsCurrent((string Type, int SchemaVersion) key) =>
        _byName.TryGetValue(key.Type, out var current) && current.SchemaVersion == key.SchemaVersion;

    private EventTypes AddUpcaster(string eventType, int schemaVersion, Upcaster upcaster)
    {
        ArgumentException.ThrowIfNullOrEmpty(eventType);
        ArgumentOutOfRangeException.ThrowIfLessThan(schemaVersion, 1);
        return _upcasters.TryAdd((eventType, schemaVersion), upcaster)
            ? this
            : throw new EventTypeConflictException(
                eventType, schemaVersion, payloadType: null, "two upcasters are given for it.");
    }
}
