-- The manifest can never be put. $1 epoch of the lease, $2 number
select outcome, detail from {schema}.abandon_manifest($1, $2)
