-- A page of the feed. $1 after, $2 settled bound, $3 most rows
select s.stream_type, s.stream_id, e.version, e.position, e.event_id, e.event_type, e.schema_version, e.occurred_at,
  e.recorded_at, e.previous_event_id, e.content_digest, e.chain_hash, e.metadata, e.payload
from events e cross join streams s on s.stream_key = e.stream_key
where e.position > $1 and e.position <= $2
order by e.position
limit $3
