-- The first events that the database has of a range of versions of a stream, in order. As load_stream_hot;
-- $5 most rows.
select nullif(stream_type, $1), nullif(stream_id, $2), version, position, event_id, event_type, schema_version,
  occurred_at, recorded_at, previous_event_id, content_digest, chain_hash, metadata, payload
from {schema}.events
where stream_key = (select stream_key from {schema}.streams where stream_type = $1 and stream_id = $2)
  and version between $3 and $4
  and position + 0 > (select pruned_bound from {schema}.store)
order by version
limit $5
