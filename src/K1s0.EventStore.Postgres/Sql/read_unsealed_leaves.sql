-- What the log commits to of events behind a position. $1 after, $2 settled bound, not beyond this server's, $3 most
-- rows
select position, stream_type, stream_id, version, event_id, recorded_at, content_digest, chain_hash
from {schema}.events
where position > $1 and position <= $2
  and $2 <= (
    select case when s.pruned_bound > $1 then {schema}.refuse_archived(s.pruned_bound) else p.last_value end
    from {schema}.store s, {schema}.positions p)
order by position
limit $3
