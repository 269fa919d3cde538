-- Acquires a lease that is free; no row when it is held. $1 name, $2 owner, $3 duration
select epoch, expires_at from {schema}.acquire_lease($1, $2, $3)
