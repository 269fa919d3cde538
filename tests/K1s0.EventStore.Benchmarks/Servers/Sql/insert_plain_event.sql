-- One event. Parameters in the order of the columns.
insert into plain.events (stream_key, version, schema_version, occurred_at, recorded_at, event_id, previous_event_id,
  content_digest, chain_hash, stream_type, stream_id, event_type, actor, correlation_id, metadata, payload)
values ($1, $2, $3, $4, clock_timestamp(), $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
