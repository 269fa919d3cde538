using K1s0.EventStore.Integrity;
using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres.Tests.Verification;

/// <summary>Computes everything that follows from rewritten events: a store that is consistent in itself.</summary>
internal sealed class RewrittenStore
{
    private readonly List<StoredRow> _rows = [];
    private readonly Dictionary<long, EventEnvelope> _heads = [];
    private readonly TileBuilder _log = new();

    public RewrittenStore(IEnumerable<StoredRow> rows)
    {
        var position = 1L;
        foreach (var row in rows)
        {
            var last = _heads.GetValueOrDefault(row.StreamKey);
            var version = (last?.Version ?? 0) + 1;
            var tag = StreamChain.Tag(row.Event.StreamId);
            var content = ContentDigest.Compute(row.Event);
            var envelope = row.Event with
            {
                Version = version,
                Position = new Position(++position),
                PreviousEventId = last?.Id ?? Guid.Empty,
                ContentDigest = content,
                ChainHash = StreamChain.Next(tag, version, last?.ChainHash ?? StreamChain.Genesis(tag), content),
            };
            _heads[row.StreamKey] = envelope;
            _rows.Add(new StoredRow(envelope, row.StreamKey));
            _log.Append(LeafRecord.Of(envelope).LeafHash());
        }
    }

    public static string[] Tables => ["events", "event_ids", "streams", "tiles", "leaf_runs", "tree_heads"];

    /// <summary>The commands that put it in the place of what is stored; the old signature stays beside the head.</summary>
    public IEnumerable<NpgsqlBatchCommand> Commands(TestStore store)
    {
        yield return new NpgsqlBatchCommand(store.Named("delete from {s}.events"));
        yield return new NpgsqlBatchCommand(store.Named("delete from {s}.event_ids"));
        yield return new NpgsqlBatchCommand(store.Named("delete from {s}.leaf_runs"));
        yield return new NpgsqlBatchCommand(store.Named("delete from {s}.tiles"));
        yield return Events(store);
        yield return new NpgsqlBatchCommand(store.Named(
            "insert into {s}.event_ids select event_id, stream_key, version from {s}.events"));
        yield return Streams(store);
        yield return new NpgsqlBatchCommand(store.Named(
            "delete from {s}.streams s where not exists (select from {s}.events e where e.stream_key = s.stream_key)"));
        yield return new NpgsqlBatchCommand(store.Named("insert into {s}.leaf_runs values (0, 2)"));
        foreach (var tile in _log.TakeTiles())
        {
            yield return With(
                store.Named("insert into {s}.tiles values ($1, $2, $3)"),
                (short)tile.Tile.Level,
                tile.Tile.Index,
                tile.Bytes.ToArray());
        }

        yield return new NpgsqlBatchCommand(store.Named("delete from {s}.tree_heads"));
        yield return With(
            store.Named(
                """
                insert into {s}.tree_heads
                select $1, $2, $3, 1, clock_timestamp(), note
                from {s}.saved_tree_heads order by tree_size desc limit 1
                """),
            _log.Size,
            _log.Root.ToArray(),
            _rows[^1].Position);
    }

    private static NpgsqlBatchCommand With(string sql, params object[] values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return command;
    }

    private NpgsqlBatchCommand Events(TestStore store)
    {
        var command = new NpgsqlBatchCommand(store.Named(
            """
            insert into {s}.events
            select position, stream_key, version, schema_version, occurred_at, recorded_at, event_id,
              nullif(previous, '00000000-0000-0000-0000-000000000000'::uuid), content_digest, chain_hash, stream_type,
              stream_id, event_type, null, null, metadata, payload
            from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::int[], $5::timestamptz[], $6::timestamptz[],
              $7::uuid[], $8::uuid[], $9::bytea[], $10::bytea[], $11::text[], $12::text[], $13::text[], $14::bytea[],
              $15::bytea[])
              as e (position, stream_key, version, schema_version, occurred_at, recorded_at, event_id, previous,
                content_digest, chain_hash, stream_type, stream_id, event_type, metadata, payload)
            """));
        Add(row => row.Position);
        Add(row => row.StreamKey);
        Add(row => row.Event.Version);
        Add(row => row.Event.SchemaVersion);
        Add(row => row.Event.OccurredAt.UtcDateTime, NpgsqlDbType.TimestampTz);
        Add(row => row.Event.RecordedAt.UtcDateTime, NpgsqlDbType.TimestampTz);
        Add(row => row.Event.Id);
        Add(row => row.Event.PreviousEventId);
        Add(row => row.Event.ContentDigest.ToArray());
        Add(row => row.Event.ChainHash.ToArray());
        Add(row => row.Event.StreamId.AggregateType);
        Add(row => row.Event.StreamId.AggregateId);
        Add(row => row.Event.EventType);
        Add(row => row.Event.MetadataUtf8.ToArray());
        Add(row => row.Event.PayloadUtf8.ToArray());
        return command;

        void Add<TValue>(Func<StoredRow, TValue> value, NpgsqlDbType? type = null)
        {
            var parameter = new NpgsqlParameter<TValue[]> { TypedValue = [.. _rows.Select(value)] };
            if (type is { } known)
            {
                parameter.NpgsqlDbType = NpgsqlDbType.Array | known;
            }

            command.Parameters.Add(parameter);
        }
    }

    private NpgsqlBatchCommand Streams(TestStore store) => With(
        store.Named(
            """
            update {s}.streams s
            set version = h.version, prior_version = h.version - 1, head_hash = h.hash, head_event_id = h.event_id,
              stream_type = h.stream_type, stream_id = h.stream_id
            from unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::uuid[], $5::text[], $6::text[])
              as h (stream_key, version, hash, event_id, stream_type, stream_id)
            where h.stream_key = s.stream_key
            """),
        _heads.Keys.ToArray(),
        _heads.Values.Select(head => head.Version).ToArray(),
        _heads.Values.Select(head => head.ChainHash.ToArray()).ToArray(),
        _heads.Values.Select(head => head.Id).ToArray(),
        _heads.Values.Select(head => head.StreamId.AggregateType).ToArray(),
        _heads.Values.Select(head => head.StreamId.AggregateId).ToArray());
}
