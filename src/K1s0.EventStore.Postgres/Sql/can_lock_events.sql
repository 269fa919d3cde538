-- Whether a month could leave now, as far as readers go. $1 epoch of the lease, $2 how long to wait for locks
select outcome, detail from {schema}.can_lock_events($1, $2)
