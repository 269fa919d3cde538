namespace K1s0.EventStore.Sync;

/// <summary>Writes the rest of a frame of events; see <see cref="EventBatchFormat"/>.</summary>
internal sealed class EventBatchWriter(WireWriter target, Func<SyncEvent, bool>? isStub = null)
{
    private readonly Dictionary<StreamId, int> _streams = [];
    private readonly Dictionary<string, int> _types = new(StringComparer.Ordinal);
    private readonly Dictionary<Origin, long> _last = [];
    private Dictionary<Origin, int> _origins = [];

    public void Write(IReadOnlyList<SyncEvent> events)
    {
        WriteTables(events);
        target.Integer((ulong)events.Count);
        var time = 0L;
        Span<byte> id = stackalloc byte[16];
        foreach (var next in events)
        {
            WritePlace(next);
            target.Integer(ZigZag.Encode(next.Time.Value - time));
            time = next.Time.Value;
            target.Integer((ulong)next.Observed.Count);
            foreach (var dot in next.Observed.Entries)
            {
                target.Integer((ulong)_origins[dot.Origin]);
                target.Integer((ulong)dot.Sequence);
            }

            if (isStub?.Invoke(next) is true)
            {
                target.Digest(next.Content);
                continue;
            }

            var envelope = next.Envelope;
            envelope.Id.TryWriteBytes(id, bigEndian: true, out _);
            target.Bytes(id);
            target.Integer((ulong)_streams[envelope.StreamId]);
            target.Integer((ulong)_types[envelope.EventType]);
            target.Integer((ulong)envelope.SchemaVersion);
            target.Integer(ZigZag.Encode(EnvelopeRules.MicrosecondsOf(envelope.OccurredAt)));
            target.Field(envelope.PayloadUtf8.Span);
            target.Field(envelope.MetadataUtf8.Span);
        }
    }

    private void WriteTables(IReadOnlyList<SyncEvent> events)
    {
        var origins = new SortedSet<Origin>(Comparer<Origin>.Create(Origin.Compare));
        foreach (var next in events)
        {
            origins.Add(next.Dot.Origin);
            foreach (var dot in next.Observed.Entries)
            {
                origins.Add(dot.Origin);
            }

            if (isStub?.Invoke(next) is true)
            {
                continue;
            }

            _streams.TryAdd(next.Envelope.StreamId, _streams.Count);
            _types.TryAdd(next.Envelope.EventType, _types.Count);
        }

        _origins = origins.Index().ToDictionary(entry => entry.Item, entry => entry.Index);
        target.Integer((ulong)origins.Count);
        foreach (var origin in origins)
        {
            target.Origin(origin);
        }

        target.Integer((ulong)_streams.Count);
        foreach (var stream in _streams.Keys)
        {
            target.Text(stream.AggregateType);
            target.Text(stream.AggregateId);
        }

        target.Integer((ulong)_types.Count);
        foreach (var type in _types.Keys)
        {
            target.Text(type);
        }
    }

    private void WritePlace(SyncEvent next)
    {
        var dot = next.Dot;
        var follows = _last.GetValueOrDefault(dot.Origin) == dot.Sequence - 1 && dot.Sequence > 1;
        _last[dot.Origin] = dot.Sequence;
        target.Integer((ulong)_origins[dot.Origin]);
        target.Byte((byte)((follows ? 0 : 1) + (isStub?.Invoke(next) is true ? 2 : 0)));
        if (!follows)
        {
            target.Integer((ulong)dot.Sequence);
            target.Digest(next.Previous);
        }
    }
}
