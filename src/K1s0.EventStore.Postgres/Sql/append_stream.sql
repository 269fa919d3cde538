-- Appends to one stream. Parameters: see Schema/0006_append_stream.sql.
select 1, applied, version, head_hash, null::uuid, first_position, last_position, recorded_at, seen
from {schema}.append_stream($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
