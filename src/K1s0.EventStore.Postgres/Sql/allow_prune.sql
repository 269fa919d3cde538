-- Decides that a month may leave. $1 epoch of the lease, $2 first moment of the month
select outcome, detail from {schema}.allow_prune($1, $2)
