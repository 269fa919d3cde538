-- Copies a part of the store's feed into the plain table, in its order. $1 after position, $2 to position
insert into plain.events (stream_key, version, schema_version, occurred_at, recorded_at, event_id, previous_event_id,
  content_digest, chain_hash, stream_type, stream_id, event_type, actor, correlation_id, metadata, payload)
select stream_key, version, schema_version, occurred_at, recorded_at, event_id, previous_event_id, content_digest,
  chain_hash, stream_type, stream_id, event_type, actor, correlation_id, metadata, payload
from event_store.events
where position > $1 and position <= $2
order by position
