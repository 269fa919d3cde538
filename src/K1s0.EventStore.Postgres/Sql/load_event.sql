-- One event. $1 event id
-- Without a look at the streams, which have no index on their keys: each month is asked by its own index instead.
select e.stream_type, e.stream_id, e.version, e.position, e.event_id, e.event_type, e.schema_version, e.occurred_at,
  e.recorded_at, e.previous_event_id, e.content_digest, e.chain_hash, e.metadata, e.payload
from {schema}.event_ids place
join {schema}.events e on e.stream_key = place.stream_key and e.version = place.version
where place.event_id = $1
