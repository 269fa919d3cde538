using K1s0.EventStore.Benchmarks.Events;
using K1s0.EventStore.Benchmarks.Servers;
using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Benchmarks.Appends;

/// <summary>The hand-written insert of one event: prepared once, typed parameters, nothing allocated twice.</summary>
internal sealed class PlainInsert : IPlainInsert
{
    private readonly NpgsqlCommand _command;
    private readonly NpgsqlParameter<long> _streamKey = new() { NpgsqlDbType = NpgsqlDbType.Bigint };
    private readonly NpgsqlParameter<long> _version = new() { NpgsqlDbType = NpgsqlDbType.Bigint };
    private readonly NpgsqlParameter<int> _schemaVersion = new() { NpgsqlDbType = NpgsqlDbType.Integer };
    private readonly NpgsqlParameter<DateTime> _occurredAt = new() { NpgsqlDbType = NpgsqlDbType.TimestampTz };
    private readonly NpgsqlParameter<Guid> _id = new() { NpgsqlDbType = NpgsqlDbType.Uuid };
    private readonly NpgsqlParameter<Guid?> _previousId = new() { NpgsqlDbType = NpgsqlDbType.Uuid };
    private readonly NpgsqlParameter<byte[]> _digest = new() { NpgsqlDbType = NpgsqlDbType.Bytea };
    private readonly NpgsqlParameter<byte[]> _link = new() { NpgsqlDbType = NpgsqlDbType.Bytea };
    private readonly NpgsqlParameter<string> _streamType = new() { NpgsqlDbType = NpgsqlDbType.Text };
    private readonly NpgsqlParameter<string> _streamId = new() { NpgsqlDbType = NpgsqlDbType.Text };
    private readonly NpgsqlParameter<string> _eventType = new() { NpgsqlDbType = NpgsqlDbType.Text };
    private readonly NpgsqlParameter<string> _actor = new() { NpgsqlDbType = NpgsqlDbType.Text };
    private readonly NpgsqlParameter<string> _correlationId = new() { NpgsqlDbType = NpgsqlDbType.Text };
    private readonly NpgsqlParameter<ReadOnlyMemory<byte>> _metadata = new() { NpgsqlDbType = NpgsqlDbType.Bytea };
    private readonly NpgsqlParameter<ReadOnlyMemory<byte>> _payload = new() { NpgsqlDbType = NpgsqlDbType.Bytea };

    private PlainInsert(NpgsqlConnection connection)
    {
        _command = new NpgsqlCommand(PlainSql.Get("insert_plain_event"), connection)
        {
            Parameters =
            {
                _streamKey, _version, _schemaVersion, _occurredAt, _id, _previousId, _digest, _link, _streamType,
                _streamId, _eventType, _actor, _correlationId, _metadata, _payload,
            },
        };
    }

    public static async Task<PlainInsert> PrepareAsync(NpgsqlConnection connection)
    {
        var insert = new PlainInsert(connection);
        await insert._command.PrepareAsync();
        return insert;
    }

    public async Task ExecuteAsync(AppendBatch batch)
    {
        var sample = batch.Events[0];
        var envelope = sample.Envelope;
        _streamKey.TypedValue = batch.StreamKey;
        _version.TypedValue = batch.Version + 1;
        _schemaVersion.TypedValue = envelope.SchemaVersion;
        _occurredAt.TypedValue = envelope.OccurredAt.UtcDateTime;
        _id.TypedValue = envelope.Id;
        _previousId.TypedValue = batch.PreviousId;
        _digest.TypedValue = StandInDigests.Next();
        _link.TypedValue = StandInDigests.Next();
        _streamType.TypedValue = batch.StreamId.AggregateType;
        _streamId.TypedValue = batch.StreamId.AggregateId;
        _eventType.TypedValue = envelope.EventType;
        _actor.TypedValue = sample.Actor;
        _correlationId.TypedValue = sample.CorrelationId;
        _metadata.TypedValue = envelope.MetadataUtf8;
        _payload.TypedValue = envelope.PayloadUtf8;
        await _command.ExecuteNonQueryAsync();
    }

    public ValueTask DisposeAsync() => _command.DisposeAsync();
}
