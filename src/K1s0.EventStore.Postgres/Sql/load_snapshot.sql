-- The latest snapshot of a state. $1 stream type, $2 stream id, $3 name of the state, empty for none
select version, state, taken_at
from {schema}.snapshots
where stream_type = $1 and stream_id = $2 and state_name = $3
