-- Where events are stored, as durably as a write. $1 event ids
select event_id, stream_type, stream_id, version, position, recorded_at, content_digest from {schema}.stored_events($1)
