-- The holds that count.
select hold_id, reason, from_position, to_position, stream_type, stream_id, placed_by
from {schema}.archive_holds
where released_at is null
order by placed_at, hold_id
