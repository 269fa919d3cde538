-- A stream without events. $1 key
insert into plain.streams (stream_key, stream_type, stream_id, version) values ($1, 'order', 'hot-' || $1, 0)
