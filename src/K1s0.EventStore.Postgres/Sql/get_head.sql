-- The head of a stream. $1 stream type, $2 stream id
select version, head_event_id, head_hash from {schema}.streams where stream_type = $1 and stream_id = $2
