-- One event by its position. $1 position
select version, position, event_id, event_type, schema_version, occurred_at, recorded_at, previous_event_id,
  content_digest, chain_hash, metadata, payload, stream_type, stream_id
from plain.events
where position = $1
