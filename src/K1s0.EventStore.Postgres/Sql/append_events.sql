-- Appends to streams that stand each for itself. Parameters: see Schema/0003_append.sql.
select entry, applied, version, head_hash, head_event_id, first_position, last_position, recorded_at, seen
from {schema}.append_events(
  false, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)
