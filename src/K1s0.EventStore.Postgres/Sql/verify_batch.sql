-- Compares what was read back with the rows. $1 epoch of the lease, $2 last position of the batch, $3 attempt,
-- $4 digest of all events; by month: $5 first moments, $6 events, $7 first positions, $8 last positions, $9 digests
select outcome, detail from {schema}.verify_batch($1, $2, $3, $4, $5, $6, $7, $8, $9)
