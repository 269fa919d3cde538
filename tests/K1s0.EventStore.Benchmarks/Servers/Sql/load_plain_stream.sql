-- A stream in order, by its name. $1 stream type, $2 stream id
select version, position, event_id, event_type, schema_version, occurred_at, recorded_at, previous_event_id,
  content_digest, chain_hash, metadata, payload
from plain.events
where stream_key = (select stream_key from plain.streams where stream_type = $1 and stream_id = $2)
order by version
