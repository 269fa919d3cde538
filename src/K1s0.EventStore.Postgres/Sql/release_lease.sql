-- Ends a lease that is held. $1 name, $2 epoch
update {schema}.leases set expires_at = clock_timestamp()
where lease_name = $1 and epoch = $2 and expires_at > clock_timestamp()
