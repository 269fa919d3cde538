-- A page of the feed, filtered. $1 after, $2 settled bound, $3 most rows, $4 event types and $5 stream types as JSON
-- arrays, $6 stream prefix in UTF-8, $7 recorded from, $8 recorded before; each filter null for all
select s.stream_type, s.stream_id, e.version, e.position, e.event_id, e.event_type, e.schema_version, e.occurred_at,
  e.recorded_at, e.previous_event_id, e.content_digest, e.chain_hash, e.metadata, e.payload
from events e cross join streams s on s.stream_key = e.stream_key
where e.position > $1 and e.position <= $2
  and ($4 is null or e.event_type in (select value from json_each($4)))
  and ($5 is null or s.stream_type in (select value from json_each($5)))
  and ($6 is null or substr(cast(s.stream_type || '-' || s.stream_id as blob), 1, length($6)) = $6)
  and ($7 is null or e.recorded_at >= $7)
  and ($8 is null or e.recorded_at < $8)
order by e.position
limit $3
