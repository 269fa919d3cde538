-- A stream in reverse order. $1 stream type, $2 stream id, $3 first version, $4 last version, $5 most rows
select s.stream_type, s.stream_id, e.version, e.position, e.event_id, e.event_type, e.schema_version, e.occurred_at,
  e.recorded_at, e.previous_event_id, e.content_digest, e.chain_hash, e.metadata, e.payload
from streams s cross join events e on e.stream_key = s.stream_key
where s.stream_type = $1 and s.stream_id = $2 and e.version between $3 and $4
order by e.version desc
limit $5
