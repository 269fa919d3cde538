-- One event. $1 event id
with place as (
  select i.stream_key, i.version, s.created_at
  from {schema}.event_ids i join {schema}.streams s on s.stream_key = i.stream_key
  where i.event_id = $1
)
select e.stream_type, e.stream_id, e.version, e.position, e.event_id, e.event_type, e.schema_version, e.occurred_at,
  e.recorded_at, e.previous_event_id, e.content_digest, e.chain_hash, e.metadata, e.payload
from place
join {schema}.events e
  on e.stream_key = place.stream_key and e.version = place.version and e.recorded_at >= place.created_at
