-- The latest snapshot. $1 stream type, $2 stream id
select version, state from plain.snapshots where stream_type = $1 and stream_id = $2
