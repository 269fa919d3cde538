-- Decides which events the next batch has. $1 epoch of the lease, $2 after, $3 first, $4 last, $5 events, $6 earliest,
-- $7 latest, $8 bytes of its lines
select outcome, detail from {schema}.plan_batch($1, $2, $3, $4, $5, $6, $7, $8)
