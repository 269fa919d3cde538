-- Lets a month leave. $1 epoch of the lease, $2 first moment of the month, $3 how long to wait for locks
select outcome, detail, bound from {schema}.prune_month($1, $2, $3)
