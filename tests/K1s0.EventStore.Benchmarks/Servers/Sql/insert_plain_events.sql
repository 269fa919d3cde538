-- Several events of one stream. $1 stream key, $2 stream type, $3 stream id; then arrays of one element an event.
insert into plain.events (stream_key, version, schema_version, occurred_at, recorded_at, event_id, previous_event_id,
  content_digest, chain_hash, stream_type, stream_id, event_type, actor, correlation_id, metadata, payload)
select $1, v.version, v.schema_version, v.occurred_at, clock_timestamp(), v.event_id, v.previous_event_id,
  v.content_digest, v.chain_hash, $2, $3, v.event_type, v.actor, v.correlation_id, v.metadata, v.payload
from unnest($4::bigint[], $5::int[], $6::timestamptz[], $7::uuid[], $8::uuid[], $9::bytea[], $10::bytea[], $11::text[],
    $12::text[], $13::text[], $14::bytea[], $15::bytea[])
  as v (version, schema_version, occurred_at, event_id, previous_event_id, content_digest, chain_hash, event_type,
    actor, correlation_id, metadata, payload)
