using System.Text;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync;

/// <summary>Reads the rest of a frame of events; see <see cref="EventBatchFormat"/>.</summary>
internal sealed class EventBatchReader(byte[] bytes, bool mayHoldStubs = false)
{
    // Origin, place, time, number of observed, id, stream, type, schema version, time, two lengths.
    private const int LeastEventBytes = 25;

    private Origin[] _origins = [];
    private LogLink[] _last = [];
    private StreamId[] _streams = [];
    private string[] _types = [];

    public List<SyncEvent> Read(out string? problem)
    {
        var events = new List<SyncEvent>();
        Read(events, stubs: null, out problem);
        return problem is null ? events : [];
    }

    /// <summary>Reads a frame that went ahead.</summary>
    public List<EventStub> ReadStubs(out string? problem)
    {
        var stubs = new List<EventStub>();
        Read(events: null, stubs, out problem);
        return problem is null ? stubs : [];
    }

    private void Read(List<SyncEvent>? events, List<EventStub>? stubs, out string? problem)
    {
        var reader = new WireReader(bytes);
        ReadTables(ref reader);
        var count = reader.Count(EventBatchFormat.MaxEvents, LeastEventBytes);
        events?.EnsureCapacity(count);
        stubs?.EnsureCapacity(count);
        var time = 0L;
        for (var i = 0; i < count && !reader.IsBroken; i++)
        {
            if (ReadEvent(ref reader, ref time, stubs) is { } next)
            {
                events?.Add(next);
                stubs?.Add(new EventStub(next));
            }
        }

        reader.End();
        problem = reader.IsBroken ? reader.Problem : null;
    }

    private void ReadTables(ref WireReader reader)
    {
        _origins = new Origin[reader.Count(ReplicaOptions.MostOrigins, ReplicaId.Length + 1)];
        for (var i = 0; i < _origins.Length; i++)
        {
            _origins[i] = reader.Origin();
            if (i > 0 && Origin.Compare(_origins[i - 1], _origins[i]) >= 0)
            {
                reader.Break("the origins of a batch are not in ascending order.");
            }
        }

        _last = new LogLink[_origins.Length];
        _streams = new StreamId[reader.Count(EventBatchFormat.MaxEvents, 4)];
        for (var i = 0; i < _streams.Length; i++)
        {
            var type = Name(ref reader, StreamId.MaxAggregateTypeBytes);
            var id = Name(ref reader, StreamId.MaxAggregateIdBytes);
            if (!reader.IsBroken)
            {
                _streams[i] = new StreamId(type, id);
            }
        }

        _types = new string[reader.Count(EventBatchFormat.MaxEvents, 2)];
        for (var i = 0; i < _types.Length; i++)
        {
            _types[i] = Name(ref reader, EnvelopeRules.MaxEventTypeBytes);
        }
    }

    private static string Name(ref WireReader reader, int maxBytes)
    {
        var name = reader.Field(maxBytes);
        if (!EnvelopeRules.IsName(name, maxBytes))
        {
            reader.Break("a name is empty or has characters that are refused.");
            return string.Empty;
        }

        return Encoding.UTF8.GetString(name);
    }

    // Null when the reader breaks, and when it was a stub.
    private SyncEvent? ReadEvent(ref WireReader reader, ref long time, List<EventStub>? stubs)
    {
        var origin = Place(ref reader, _origins.Length);
        var place = reader.Byte();
        var isStub = mayHoldStubs && place is 2 or 3;
        var (dot, previous) = ReadPlace(ref reader, isStub ? (byte)(place - 2) : place, origin);
        time = unchecked(time + ZigZag.Decode(reader.Integer()));
        var observed = ReadObserved(ref reader);
        var content = isStub ? reader.Digest() : default;
        var envelope = isStub ? null : ReadEnvelope(ref reader);
        if (time <= 0)
        {
            reader.Break("a time is out of range.");
        }

        if (!reader.IsBroken && observed[dot.Origin] != 0)
        {
            reader.Break("an event observes its own log.");
        }

        if (reader.IsBroken)
        {
            return null;
        }

        if (envelope is null)
        {
            var stub = new EventStub(dot, new HybridTime(time), previous, observed, content);
            _last[origin] = new LogLink(dot.Sequence, stub.Hash, previous);
            stubs!.Add(stub);
            return null;
        }

        var next = SyncEvent.Create(dot, new HybridTime(time), previous, observed, envelope);
        _last[origin] = new LogLink(dot.Sequence, next.Hash, previous);
        return next;
    }

    private (Dot Dot, Sha256Digest Previous) ReadPlace(ref WireReader reader, byte place, int origin)
    {
        switch (place)
        {
            case 0 when !reader.IsBroken && _last[origin] is { Sequence: > 0 and < long.MaxValue } last:
                return (new Dot(_origins[origin], last.Sequence + 1), last.Hash);
            case 1 when !reader.IsBroken:
                return (new Dot(_origins[origin], reader.Int64(minimum: 1)), reader.Digest());
            default:
                reader.Break("an event does not say its place in its log.");
                return default;
        }
    }

    private VectorClock ReadObserved(ref WireReader reader)
    {
        var count = reader.Count(_origins.Length, 2);
        if (count == 0)
        {
            return VectorClock.Empty;
        }

        var dots = new Dot[count];
        for (var (i, last) = (0, -1); i < count; i++)
        {
            var origin = Place(ref reader, _origins.Length);
            if (origin <= last && i > 0)
            {
                reader.Break("what an event observed is not in ascending order.");
            }

            last = origin;
            dots[i] = new Dot(reader.IsBroken ? default : _origins[origin], reader.Int64(minimum: 1));
        }

        return reader.IsBroken ? VectorClock.Empty : VectorClock.Adopt(dots);
    }

    private EventEnvelope? ReadEnvelope(ref WireReader reader)
    {
        var idBytes = reader.Bytes(16);
        var id = idBytes.IsEmpty ? Guid.Empty : new Guid(idBytes, bigEndian: true);
        var stream = Place(ref reader, _streams.Length);
        var type = Place(ref reader, _types.Length);
        var schemaVersion = reader.Int64(minimum: 1);
        var occurredAt = ZigZag.Decode(reader.Integer());
        var payload = Slice(ref reader, SyncOptions.MaxPayloadBytes);
        var metadata = Slice(ref reader, SyncOptions.MaxMetadataBytes);
        if (id == Guid.Empty || schemaVersion > int.MaxValue
            || occurredAt < EnvelopeRules.EarliestMicroseconds || occurredAt >= EnvelopeRules.LatestMicroseconds)
        {
            reader.Break("an event's id, schema version or time is out of range.");
        }

        if (!reader.IsBroken && !(EnvelopeRules.IsJson(payload.Span) && EnvelopeRules.IsJson(metadata.Span)))
        {
            reader.Break("payload or metadata is not JSON.");
        }

        return reader.IsBroken
            ? null
            : new EventEnvelope(
                id,
                _streams[stream],
                0,
                _types[type],
                payload,
                metadata,
                DateTimeOffset.UnixEpoch.AddTicks(occurredAt * TimeSpan.TicksPerMicrosecond))
            {
                SchemaVersion = (int)schemaVersion,
            };
    }

    private ReadOnlyMemory<byte> Slice(ref WireReader reader, int maxBytes)
    {
        var length = reader.Count(maxBytes, 1);
        var at = bytes.Length - reader.Remaining;
        reader.Bytes(length);
        return reader.IsBroken ? default : bytes.AsMemory(at, length);
    }

    // 0 when the reader breaks: only to be used after looking.
    private static int Place(ref WireReader reader, int count)
    {
        var place = reader.Integer();
        if (place < (ulong)count)
        {
            return (int)place;
        }

        reader.Break("a place is outside of its table.");
        return 0;
    }
}
