using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>
/// One event: what happened, in the exact bytes that are stored and hashed, and, once it is stored, what the store
/// added.
/// </summary>
/// <remarks>
/// <para><see cref="PayloadUtf8"/> and <see cref="MetadataUtf8"/> are the truth; <see cref="Payload"/> and
/// <see cref="Metadata"/> are parsed from them when first touched, so loading a stream parses no JSON.</para>
/// <para>Two envelopes are equal when id, stream, version, type, schema version, time and the bytes of payload and
/// metadata are equal; what the store added (<see cref="Position"/>, <see cref="RecordedAt"/>, digests) takes no part,
/// so an event equals the copy that comes back.</para>
/// <para>Immutable and safe to share between threads, as long as nobody writes to the memory that was handed in.</para>
/// </remarks>
public sealed record EventEnvelope
{
    private static readonly ReadOnlyMemory<byte> EmptyObject = "{}"u8.ToArray();
    private static readonly JsonDocumentOptions Parsing = new() { MaxDepth = EventStoreOptions.MaxSupportedJsonDepth };

    private readonly ReadOnlyMemory<byte> _payloadUtf8;
    private readonly ReadOnlyMemory<byte> _metadataUtf8;

    // Filled on first use. A box, so that two threads may race: both parse the same bytes, and the reference is written
    // at once.
    private volatile object? _payload;
    private volatile object? _metadata;

    /// <summary>An event from parsed JSON. The elements' raw text is copied, byte for byte.</summary>
    /// <param name="Id">
    /// The id of the event; a version 7 UUID is recommended, an empty one is refused at append.
    /// </param>
    /// <param name="StreamId">The stream that the event belongs to.</param>
    /// <param name="Version">
    /// The place in the stream. The store gives it at append, whatever stands here (0 is customary).
    /// </param>
    /// <param name="EventType">The name of the kind of event, independent of any CLR type.</param>
    /// <param name="Payload">What happened.</param>
    /// <param name="Metadata">Circumstances; an undefined element stands for an empty object.</param>
    /// <param name="OccurredAt">The application's time, cut to whole microseconds.</param>
    /// <exception cref="ArgumentNullException">A reference is null.</exception>
    /// <exception cref="ArgumentException"><paramref name="Payload"/> is undefined.</exception>
    public EventEnvelope(
        Guid Id,
        StreamId StreamId,
        long Version,
        string EventType,
        JsonElement Payload,
        JsonElement Metadata,
        DateTimeOffset OccurredAt)
        : this(Id, StreamId, Version, EventType, RawUtf8(Payload), MetadataBytes(Metadata), OccurredAt)
    {
    }

    /// <summary>An event from JSON in UTF-8. The memory is kept, not copied.</summary>
    /// <param name="id">
    /// The id of the event; a version 7 UUID is recommended, an empty one is refused at append.
    /// </param>
    /// <param name="streamId">The stream that the event belongs to.</param>
    /// <param name="version">The place in the stream; given by the store at append.</param>
    /// <param name="eventType">The name of the kind of event.</param>
    /// <param name="payloadUtf8">What happened, as JSON.</param>
    /// <param name="metadataUtf8">Circumstances, as JSON; empty memory stands for an empty object.</param>
    /// <param name="occurredAt">The application's time, cut to whole microseconds.</param>
    /// <exception cref="ArgumentNullException">A reference is null.</exception>
    public EventEnvelope(
        Guid id,
        StreamId streamId,
        long version,
        string eventType,
        ReadOnlyMemory<byte> payloadUtf8,
        ReadOnlyMemory<byte> metadataUtf8,
        DateTimeOffset occurredAt)
    {
        ArgumentNullException.ThrowIfNull(streamId);
        ArgumentNullException.ThrowIfNull(eventType);
        Id = id;
        StreamId = streamId;
        Version = version;
        EventType = eventType;
        _payloadUtf8 = payloadUtf8;
        _metadataUtf8 = metadataUtf8.IsEmpty ? EmptyObject : metadataUtf8;
        OccurredAt = occurredAt;
    }

    /// <summary>The id of the event; the same id is never stored twice in a store.</summary>
    public Guid Id { get; init; }

    /// <summary>The stream that the event belongs to.</summary>
    public StreamId StreamId { get; init; }

    /// <summary>The place in the stream: 1 for the first event, without gaps; 0 while it has none.</summary>
    public long Version { get; init; }

    /// <summary>The name of the kind of event.</summary>
    public string EventType { get; init; }

    /// <summary>The version of the payload's shape, for upcasting. At least 1.</summary>
    /// <value>1 by default.</value>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>
    /// The application's time, in whole microseconds. Informative: order is given by versions and positions.
    /// </summary>
    public DateTimeOffset OccurredAt { get; init => field = Microseconds.Truncate(value); }

    /// <summary>What happened: the exact bytes that were appended.</summary>
    public ReadOnlyMemory<byte> PayloadUtf8
    {
        get => _payloadUtf8;
        init => (_payloadUtf8, _payload) = (value, null);
    }

    /// <summary>Circumstances: the exact bytes that were appended.</summary>
    public ReadOnlyMemory<byte> MetadataUtf8
    {
        get => _metadataUtf8;
        init => (_metadataUtf8, _metadata) = (value.IsEmpty ? EmptyObject : value, null);
    }

    /// <summary>What happened, parsed when first touched and kept.</summary>
    /// <exception cref="JsonException">The bytes are not JSON; a store refuses such an event at append.</exception>
    public JsonElement Payload
    {
        get => (JsonElement)(_payload ??= JsonElement.Parse(_payloadUtf8.Span, Parsing));
        init => (_payloadUtf8, _payload) = (RawUtf8(value), null);
    }

    /// <summary>
    /// Circumstances, parsed when first touched and kept. <see cref="EventMetadata"/> knows the usual members.
    /// </summary>
    /// <exception cref="JsonException">The bytes are not JSON; a store refuses such an event at append.</exception>
    public JsonElement Metadata
    {
        get => (JsonElement)(_metadata ??= JsonElement.Parse(_metadataUtf8.Span, Parsing));
        init => (_metadataUtf8, _metadata) = (MetadataBytes(value), null);
    }

    /// <summary>The place among all events of the store; 0 while the event is not stored.</summary>
    public Position Position { get; init; }

    /// <summary>
    /// The store's time, in whole microseconds; informative. The default value while the event is not stored.
    /// </summary>
    public DateTimeOffset RecordedAt { get; init; }

    /// <summary>
    /// The id of the event before this one in its stream; empty for the first, and while the event is not stored.
    /// </summary>
    public Guid PreviousEventId { get; init; }

    /// <summary>
    /// The SHA-256 content digest that the store holds (see <see cref="Integrity.ContentDigest"/>); zero while not
    /// stored.
    /// </summary>
    public Sha256Digest ContentDigest { get; init; }

    /// <summary>
    /// The SHA-256 link of the stream's chain that the store holds (see <see cref="StreamChain"/>); zero while not
    /// stored.
    /// </summary>
    public Sha256Digest ChainHash { get; init; }

    /// <summary>
    /// Who caused the event: the metadata's <c>actor</c>, read without parsing the rest; null when there is none.
    /// </summary>
    public string? Actor => EventMetadata.Read(_metadataUtf8.Span).Actor;

    /// <summary>
    /// The hour that the event was recorded in, <c>yyyy/MM/dd/HH</c> in UTC: the key of its archive partition.
    /// </summary>
    public string PartitionKey =>
        RecordedAt.UtcDateTime.ToString("yyyy'/'MM'/'dd'/'HH", CultureInfo.InvariantCulture);

    /// <summary>A new event with a version 7 id and the current time.</summary>
    /// <param name="streamId">The stream that the event is meant for.</param>
    /// <param name="eventType">The name of the kind of event.</param>
    /// <param name="payloadUtf8">What happened, as JSON in UTF-8.</param>
    /// <param name="metadata">Circumstances, or null for none.</param>
    /// <param name="timeProvider">Where the time comes from; the system's clock when null.</param>
    public static EventEnvelope Create(
        StreamId streamId,
        string eventType,
        ReadOnlyMemory<byte> payloadUtf8,
        EventMetadata? metadata = null,
        TimeProvider? timeProvider = null)
    {
        var now = (timeProvider ?? TimeProvider.System).GetUtcNow();
        return new EventEnvelope(
            Guid.CreateVersion7(now), streamId, 0, eventType, payloadUtf8, metadata?.ToUtf8() ?? EmptyObject, now);
    }

    /// <summary>
    /// A new event with a version 7 id, the current time, and a payload that is serialised by generated code.
    /// </summary>
    /// <typeparam name="TPayload">The type of the payload.</typeparam>
    /// <param name="streamId">The stream that the event is meant for.</param>
    /// <param name="eventType">The name of the kind of event.</param>
    /// <param name="payload">What happened.</param>
    /// <param name="payloadType">How to serialise the payload, usually from a <c>JsonSerializerContext</c>.</param>
    /// <param name="metadata">Circumstances, or null for none.</param>
    /// <param name="timeProvider">Where the time comes from; the system's clock when null.</param>
    public static EventEnvelope Create<TPayload>(
        StreamId streamId,
        string eventType,
        TPayload payload,
        JsonTypeInfo<TPayload> payloadType,
        EventMetadata? metadata = null,
        TimeProvider? timeProvider = null) =>
        Create(streamId, eventType, JsonSerializer.SerializeToUtf8Bytes(payload, payloadType), metadata, timeProvider);

    /// <summary>Takes the event apart in the order of the constructor.</summary>
    /// <param name="Id">The id.</param>
    /// <param name="StreamId">The stream.</param>
    /// <param name="Version">The place in the stream.</param>
    /// <param name="EventType">The kind of event.</param>
    /// <param name="Payload">What happened.</param>
    /// <param name="Metadata">Circumstances.</param>
    /// <param name="OccurredAt">The application's time.</param>
    public void Deconstruct(
        out Guid Id,
        out StreamId StreamId,
        out long Version,
        out string EventType,
        out JsonElement Payload,
        out JsonElement Metadata,
        out DateTimeOffset OccurredAt) =>
        (Id, StreamId, Version, EventType, Payload, Metadata, OccurredAt) =
        (this.Id, this.StreamId, this.Version, this.EventType, this.Payload, this.Metadata, this.OccurredAt);

    /// <summary>Whether the other event has the same id, place, type, time and bytes.</summary>
    /// <param name="other">The other event.</param>
    public bool Equals(EventEnvelope? other) =>
        ReferenceEquals(this, other)
        || (other is not null
            && Id == other.Id
            && Version == other.Version
            && SchemaVersion == other.SchemaVersion
            && OccurredAt == other.OccurredAt
            && StreamId == other.StreamId
            && string.Equals(EventType, other.EventType, StringComparison.Ordinal)
            && _payloadUtf8.Span.SequenceEqual(other._payloadUtf8.Span)
            && _metadataUtf8.Span.SequenceEqual(other._metadataUtf8.Span));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Id, Version, StreamId);

    /// <summary>Stream, version, type and id; never the payload, so that it can stand in a log.</summary>
    public override string ToString() => $"{StreamId}@{Version} {EventType} {Id}";

    private static ReadOnlyMemory<byte> MetadataBytes(JsonElement metadata) =>
        metadata.ValueKind is JsonValueKind.Undefined ? EmptyObject : RawUtf8(metadata);

    private static ReadOnlyMemory<byte> RawUtf8(JsonElement element) =>
        element.ValueKind is JsonValueKind.Undefined
            ? throw new ArgumentException("The JSON element is undefined; an event needs a payload.", nameof(element))
            : JsonMarshal.GetRawUtf8Value(element).ToArray();
}
