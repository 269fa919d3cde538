-- Which store this is.
select store_id, epoch from {schema}.store
