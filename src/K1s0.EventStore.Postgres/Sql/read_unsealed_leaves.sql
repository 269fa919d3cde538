-- What the log commits to of events behind a position. $1 after, $2 settled bound, not beyond this server's, $3 most
-- rows
select position, stream_type, stream_id, version, event_id, recorded_at, content_digest, chain_hash
from {schema}.events
where position > $1 and position <= $2 and $2 <= (select last_value from {schema}.positions)
order by position
limit $3
