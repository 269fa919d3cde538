using K1s0.EventStore.Integrity;
using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres;

/// <summary>Turns events of another store into the arrays that <c>import_events</c> takes, in their order.</summary>
internal sealed class ImportPage
{
    private readonly IReadOnlyList<EventEnvelope> _events;
    private readonly List<Stream> _streams = [];
    private readonly int[] _entries;

    public ImportPage(IReadOnlyList<EventEnvelope> events)
    {
        _events = events;
        _entries = new int[events.Count];
        var known = new Dictionary<StreamId, int>();
        foreach (var (number, envelope) in events.Index())
        {
            if (!known.TryGetValue(envelope.StreamId, out var entry))
            {
                known.Add(envelope.StreamId, entry = _streams.Count);
                _streams.Add(new Stream(envelope, envelope));
            }

            _streams[entry] = _streams[entry] with { Last = envelope };
            _entries[number] = entry + 1;
        }
    }

    public void AddTo(NpgsqlParameterCollection parameters)
    {
        AddStreams(parameters);
        AddEvents(parameters);
    }

    private void AddStreams(NpgsqlParameterCollection parameters)
    {
        Add(parameters, NpgsqlDbType.Text, stream => stream.First.StreamId.AggregateType);
        Add(parameters, NpgsqlDbType.Text, stream => stream.First.StreamId.AggregateId);
        Add(parameters, NpgsqlDbType.Bigint, stream => stream.First.Version - 1);

        // Used for a new stream alone; the row knows it otherwise.
        Add(parameters, NpgsqlDbType.Bytea, stream =>
            StreamChain.Genesis(StreamChain.Tag(stream.First.StreamId)).ToArray());
        Add(parameters, NpgsqlDbType.Uuid, stream => PreviousId(stream.First));
        Add(parameters, NpgsqlDbType.Bigint, stream => stream.Last.Version);
        Add(parameters, NpgsqlDbType.Bytea, stream => stream.Last.ChainHash.ToArray());
        Add(parameters, NpgsqlDbType.Uuid, stream => stream.Last.Id);
        Add(parameters, NpgsqlDbType.TimestampTz, stream => stream.First.RecordedAt.UtcDateTime);
    }

    private void AddEvents(NpgsqlParameterCollection parameters)
    {
        var members = _events.Select(envelope => EventMetadata.Read(envelope.MetadataUtf8.Span)).ToList();
        AddArray(parameters, NpgsqlDbType.Integer, _entries);
        AddEach(parameters, NpgsqlDbType.Bigint, envelope => envelope.Position.Value);
        AddEach(parameters, NpgsqlDbType.Bigint, envelope => envelope.Version);
        AddEach(parameters, NpgsqlDbType.Uuid, envelope => envelope.Id);
        AddEach(parameters, NpgsqlDbType.Uuid, PreviousId);
        AddEach(parameters, NpgsqlDbType.Text, envelope => envelope.EventType);
        AddEach(parameters, NpgsqlDbType.Integer, envelope => envelope.SchemaVersion);
        AddEach(parameters, NpgsqlDbType.TimestampTz, envelope => envelope.OccurredAt.UtcDateTime);
        AddEach(parameters, NpgsqlDbType.TimestampTz, envelope => envelope.RecordedAt.UtcDateTime);
        AddEach(parameters, NpgsqlDbType.Bytea, envelope => envelope.ContentDigest.ToArray());
        AddEach(parameters, NpgsqlDbType.Bytea, envelope => envelope.ChainHash.ToArray());
        AddArray(parameters, NpgsqlDbType.Text, [.. members.Select(one => AppendParameters.Indexable(one.Actor))]);
        AddArray(
            parameters, NpgsqlDbType.Text, [.. members.Select(one => AppendParameters.Indexable(one.CorrelationId))]);
        AddEach(parameters, NpgsqlDbType.Bytea, envelope => envelope.MetadataUtf8);
        AddEach(parameters, NpgsqlDbType.Bytea, envelope => envelope.PayloadUtf8);
    }

    private static Guid? PreviousId(EventEnvelope envelope) =>
        envelope.PreviousEventId == Guid.Empty ? null : envelope.PreviousEventId;

    private static void AddArray<T>(NpgsqlParameterCollection parameters, NpgsqlDbType elementType, T[] values) =>
        parameters.Add(
            new NpgsqlParameter<T[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | elementType });

    private void Add<T>(NpgsqlParameterCollection parameters, NpgsqlDbType elementType, Func<Stream, T> member) =>
        AddArray(parameters, elementType, [.. _streams.Select(member)]);

    private void AddEach<T>(
        NpgsqlParameterCollection parameters, NpgsqlDbType elementType, Func<EventEnvelope, T> member) =>
        AddArray(parameters, elementType, [.. _events.Select(member)]);

    private sealed record Stream(EventEnvelope First, EventEnvelope Last);
}
