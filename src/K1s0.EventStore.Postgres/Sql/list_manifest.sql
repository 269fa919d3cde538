-- The manifest is put. $1 epoch of the lease, $2 number
select outcome, detail from {schema}.list_manifest($1, $2)
