-- Makes a lease last from now on, if it is still held. $1 name, $2 epoch, $3 duration
update {schema}.leases set expires_at = clock_timestamp() + $3
where lease_name = $1 and epoch = $2 and expires_at > clock_timestamp()
returning expires_at
