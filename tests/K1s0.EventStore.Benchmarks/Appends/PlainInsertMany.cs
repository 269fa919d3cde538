using K1s0.EventStore.Benchmarks.Events;
using K1s0.EventStore.Benchmarks.Servers;
using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Benchmarks.Appends;

/// <summary>The hand-written insert of several events of a stream: one statement over arrays, prepared once.</summary>
internal sealed class PlainInsertMany : IPlainInsert
{
    private readonly NpgsqlCommand _command;
    private readonly int _count;
    private readonly NpgsqlParameter<long> _streamKey = new() { NpgsqlDbType = NpgsqlDbType.Bigint };
    private readonly NpgsqlParameter<string> _streamType = new() { NpgsqlDbType = NpgsqlDbType.Text };
    private readonly NpgsqlParameter<string> _streamId = new() { NpgsqlDbType = NpgsqlDbType.Text };
    private readonly long[] _versions;
    private readonly int[] _schemaVersions;
    private readonly DateTime[] _occurredAt;
    private readonly Guid[] _ids;
    private readonly Guid?[] _previousIds;
    private readonly byte[][] _digests;
    private readonly byte[][] _links;
    private readonly string[] _types;
    private readonly string[] _actors;
    private readonly string[] _correlationIds;
    private readonly ReadOnlyMemory<byte>[] _metadata;
    private readonly ReadOnlyMemory<byte>[] _payloads;

    private PlainInsertMany(NpgsqlConnection connection, int count)
    {
        _count = count;
        _command = new NpgsqlCommand(PlainSql.Get("insert_plain_events"), connection)
        {
            Parameters =
            {
                _streamKey,
                _streamType,
                _streamId,
                Array(_versions = new long[count], NpgsqlDbType.Bigint),
                Array(_schemaVersions = new int[count], NpgsqlDbType.Integer),
                Array(_occurredAt = new DateTime[count], NpgsqlDbType.TimestampTz),
                Array(_ids = new Guid[count], NpgsqlDbType.Uuid),
                Array(_previousIds = new Guid?[count], NpgsqlDbType.Uuid),
                Array(_digests = new byte[count][], NpgsqlDbType.Bytea),
                Array(_links = new byte[count][], NpgsqlDbType.Bytea),
                Array(_types = new string[count], NpgsqlDbType.Text),
                Array(_actors = new string[count], NpgsqlDbType.Text),
                Array(_correlationIds = new string[count], NpgsqlDbType.Text),
                Array(_metadata = new ReadOnlyMemory<byte>[count], NpgsqlDbType.Bytea),
                Array(_payloads = new ReadOnlyMemory<byte>[count], NpgsqlDbType.Bytea),
            },
        };
    }

    public static async Task<PlainInsertMany> PrepareAsync(NpgsqlConnection connection, int count)
    {
        var insert = new PlainInsertMany(connection, count);
        await insert._command.PrepareAsync();
        return insert;
    }

    public async Task ExecuteAsync(AppendBatch batch)
    {
        _streamKey.TypedValue = batch.StreamKey;
        _streamType.TypedValue = batch.StreamId.AggregateType;
        _streamId.TypedValue = batch.StreamId.AggregateId;
        for (var i = 0; i < _count; i++)
        {
            var sample = batch.Events[i];
            var envelope = sample.Envelope;
            _versions[i] = batch.Version + i + 1;
            _schemaVersions[i] = envelope.SchemaVersion;
            _occurredAt[i] = envelope.OccurredAt.UtcDateTime;
            _ids[i] = envelope.Id;
            _previousIds[i] = i == 0 ? batch.PreviousId : _ids[i - 1];
            _digests[i] = StandInDigests.Next();
            _links[i] = StandInDigests.Next();
            _types[i] = envelope.EventType;
            _actors[i] = sample.Actor;
            _correlationIds[i] = sample.CorrelationId;
            _metadata[i] = envelope.MetadataUtf8;
            _payloads[i] = envelope.PayloadUtf8;
        }

        await _command.ExecuteNonQueryAsync();
    }

    public ValueTask DisposeAsync() => _command.DisposeAsync();

    private static NpgsqlParameter<T[]> Array<T>(T[] values, NpgsqlDbType type) =>
        new() { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type };
}
