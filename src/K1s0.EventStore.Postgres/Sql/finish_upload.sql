-- The object is stored. $1 epoch of the lease, $2 last position of the batch, $3 attempt, $4 key, $5 bytes, $6 digest,
-- $7 digest of the index
select outcome, detail from {schema}.finish_upload($1, $2, $3, $4, $5, $6, $7)
