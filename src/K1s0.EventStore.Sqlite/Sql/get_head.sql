-- The end of a stream. $1 stream type, $2 stream id
select stream_key, version, head_event_id, head_hash from streams where stream_type = $1 and stream_id = $2
