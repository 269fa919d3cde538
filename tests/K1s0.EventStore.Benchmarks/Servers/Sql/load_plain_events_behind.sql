-- The events behind a version, in order. $1 stream type, $2 stream id, $3 version
select event_type, payload
from plain.events
where stream_key = (select stream_key from plain.streams where stream_type = $1 and stream_id = $2) and version > $3
order by version
