-- Holds the next manifest. $1 epoch of the lease, $2 number, $3 digest, $4 digest of the last one, $5 last position
-- that it lists, $6 bytes
select outcome, detail from {schema}.plan_manifest($1, $2, $3, $4, $5, $6)
