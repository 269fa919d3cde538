-- Batches in order of positions. $1 after, $2 most rows
select after_position, first_position, last_position, event_count, earliest, latest, content_bytes, object_key,
  stored_bytes, object_digest, index_digest, state, attempt, events_digest
from {schema}.batches
where last_position > $1
order by last_position
limit $2
