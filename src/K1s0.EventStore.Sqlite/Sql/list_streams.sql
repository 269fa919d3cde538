-- Streams with their heads, and how many events are filed under each. $1, $2 type and id of the stream behind which to
-- begin, $3 most rows
select s.stream_type, s.stream_id, s.version, s.head_event_id, s.head_hash,
  (select count(*) from events e where e.stream_key = s.stream_key and e.version between 1 and s.version) as events
from streams s
where (s.stream_type, s.stream_id) > ($1, $2)
order by s.stream_type, s.stream_id
limit $3
