-- One event at the end of the feed. $1 stream key, $2 version, $3 schema version, $4 occurred at, $5 recorded at,
-- $6 event id, $7 previous event id, $8 content digest, $9 chain hash, $10 event type, $11 metadata, $12 payload
insert into events (
  stream_key, version, schema_version, occurred_at, recorded_at, event_id, previous_event_id, content_digest,
  chain_hash, event_type, metadata, payload)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
returning position
