-- Parked events of a consumer, in the order of the feed. $1 consumer, $2 after, $3 most rows
select position, stream_type, stream_id, event_id, event_type, attempts, cause, parked_at
from {schema}.parked_events
where consumer = $1 and position > $2
order by position
limit $3
