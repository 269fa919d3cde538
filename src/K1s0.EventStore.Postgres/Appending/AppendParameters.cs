using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres;

/// <summary>Turns appends into the arrays that the server's append functions take, in their order.</summary>
internal static class AppendParameters
{
    /// <summary>For <c>append_stream</c>.</summary>
    public static void AddOne(NpgsqlParameterCollection parameters, PlannedAppend planned)
    {
        var append = planned.Append;
        AddScalar(parameters, append.StreamId.AggregateType, NpgsqlDbType.Text);
        AddScalar(parameters, append.StreamId.AggregateId, NpgsqlDbType.Text);
        AddScalar(parameters, planned.Tag.ToArray(), NpgsqlDbType.Bytea);
        AddScalar(parameters, append.Expected.ExactVersion?.Value, NpgsqlDbType.Bigint);
        AddScalar(parameters, append.Expected.MustExist, NpgsqlDbType.Boolean);
        AddScalar(parameters, planned.Known.Version, NpgsqlDbType.Bigint);
        AddScalar(parameters, planned.Known.Hash.ToArray(), NpgsqlDbType.Bytea);
        AddEvents(parameters, [planned], append.Events.Count);
    }

    /// <summary>For <c>append_events</c> and <c>append_atomic</c>.</summary>
    public static void AddMany(NpgsqlParameterCollection parameters, IReadOnlyList<PlannedAppend> appends)
    {
        var count = appends.Sum(append => append.Append.Events.Count);
        AddStreams(parameters, appends);
        AddPlaces(parameters, appends, count);
        AddEvents(parameters, appends, count);
    }

    private static void AddStreams(NpgsqlParameterCollection parameters, IReadOnlyList<PlannedAppend> appends)
    {
        var count = appends.Count;
        var types = new string[count];
        var ids = new string[count];
        var tags = new byte[count][];
        var expected = new long?[count];
        var mustExist = new bool[count];
        var knownVersions = new long[count];
        var knownHeads = new byte[count][];
        var newHeads = new byte[count][];
        var counts = new int[count];
        var lastIds = new Guid[count];
        for (var i = 0; i < count; i++)
        {
            var (planned, append) = (appends[i], appends[i].Append);
            types[i] = append.StreamId.AggregateType;
            ids[i] = append.StreamId.AggregateId;
            tags[i] = planned.Tag.ToArray();
            expected[i] = append.Expected.ExactVersion?.Value;
            mustExist[i] = append.Expected.MustExist;
            knownVersions[i] = planned.Known.Version;
            knownHeads[i] = planned.Known.Hash.ToArray();
            newHeads[i] = planned.Links[^1].ToArray();
            counts[i] = append.Events.Count;
            lastIds[i] = append.Events[^1].Id;
        }

        Add(parameters, types, NpgsqlDbType.Text);
        Add(parameters, ids, NpgsqlDbType.Text);
        Add(parameters, tags, NpgsqlDbType.Bytea);
        Add(parameters, expected, NpgsqlDbType.Bigint);
        Add(parameters, mustExist, NpgsqlDbType.Boolean);
        Add(parameters, knownVersions, NpgsqlDbType.Bigint);
        Add(parameters, knownHeads, NpgsqlDbType.Bytea);
        Add(parameters, newHeads, NpgsqlDbType.Bytea);
        Add(parameters, counts, NpgsqlDbType.Integer);
        Add(parameters, lastIds, NpgsqlDbType.Uuid);
    }

    private static void AddPlaces(NpgsqlParameterCollection parameters, IReadOnlyList<PlannedAppend> appends, int count)
    {
        var entries = new int[count];
        var offsets = new int[count];
        var at = 0;
        for (var entry = 0; entry < appends.Count; entry++)
        {
            for (var i = 0; i < appends[entry].Append.Events.Count; i++, at++)
            {
                entries[at] = entry + 1;
                offsets[at] = i + 1;
            }
        }

        Add(parameters, entries, NpgsqlDbType.Integer);
        Add(parameters, offsets, NpgsqlDbType.Integer);
    }

    private static void AddEvents(NpgsqlParameterCollection parameters, IReadOnlyList<PlannedAppend> appends, int count)
    {
        var ids = new Guid[count];
        var previousIds = new Guid?[count];
        var types = new string[count];
        var schemaVersions = new int[count];
        var occurredAt = new DateTime[count];
        var digests = new byte[count][];
        var links = new byte[count][];
        var actors = new string?[count];
        var correlationIds = new string?[count];
        var metadata = new ReadOnlyMemory<byte>[count];
        var payloads = new ReadOnlyMemory<byte>[count];
        var at = 0;
        foreach (var planned in appends)
        {
            var append = planned.Append;
            for (var i = 0; i < append.Events.Count; i++, at++)
            {
                var envelope = append.Events[i];
                var members = EventMetadata.Read(envelope.MetadataUtf8.Span);
                ids[at] = envelope.Id;
                previousIds[at] = i == 0 ? null : append.Events[i - 1].Id;
                types[at] = envelope.EventType;
                schemaVersions[at] = envelope.SchemaVersion;
                occurredAt[at] = envelope.OccurredAt.UtcDateTime;
                digests[at] = append.ContentDigests[i].ToArray();
                links[at] = planned.Links[i].ToArray();
                actors[at] = Indexable(members.Actor);
                correlationIds[at] = Indexable(members.CorrelationId);
                metadata[at] = envelope.MetadataUtf8;
                payloads[at] = envelope.PayloadUtf8;
            }
        }

        Add(parameters, ids, NpgsqlDbType.Uuid);
        Add(parameters, previousIds, NpgsqlDbType.Uuid);
        Add(parameters, types, NpgsqlDbType.Text);
        Add(parameters, schemaVersions, NpgsqlDbType.Integer);
        Add(parameters, occurredAt, NpgsqlDbType.TimestampTz);
        Add(parameters, digests, NpgsqlDbType.Bytea);
        Add(parameters, links, NpgsqlDbType.Bytea);
        Add(parameters, actors, NpgsqlDbType.Text);
        Add(parameters, correlationIds, NpgsqlDbType.Text);
        Add(parameters, metadata, NpgsqlDbType.Bytea);
        Add(parameters, payloads, NpgsqlDbType.Bytea);
    }

    // The copy in the index column; the metadata itself keeps every byte. PostgreSQL's text has no U+0000, and an index
    // entry has a limit: such a member is not indexed.
    internal static string? Indexable(string? member) =>
        member is { Length: > 0 and <= 500 } && !member.Contains('\0', StringComparison.Ordinal) ? member : null;

    private static void Add<T>(NpgsqlParameterCollection parameters, T[] values, NpgsqlDbType elementType) =>
        parameters.Add(
            new NpgsqlParameter<T[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | elementType });

    private static void AddScalar<T>(NpgsqlParameterCollection parameters, T value, NpgsqlDbType type) =>
        parameters.Add(value is null
            ? new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = type }
            : new NpgsqlParameter<T> { TypedValue = value, NpgsqlDbType = type });
}
