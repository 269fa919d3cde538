-- The attempt came to nothing. $1 epoch of the lease, $2 last position of the batch, $3 attempt, $4 why
select outcome, detail from {schema}.fail_upload($1, $2, $3, $4)
