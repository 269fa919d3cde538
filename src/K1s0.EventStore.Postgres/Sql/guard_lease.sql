-- Whether a lease counts until this transaction ends. $1 name, $2 epoch
select {schema}.guard_lease($1, $2)
