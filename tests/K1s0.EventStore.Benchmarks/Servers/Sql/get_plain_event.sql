-- One event by its id, without its content. $1 event id
select position, stream_type, stream_id, version, event_id, recorded_at, content_digest, chain_hash
from plain.events
where event_id = $1
