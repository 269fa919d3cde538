-- What identifies every event behind a position, in order. $1 after
select position, stream_type, stream_id, version, event_id, recorded_at, content_digest, chain_hash
from plain.events
where position > $1
order by position
