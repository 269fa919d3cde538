-- Moves a checkpoint if owner epoch and position are as believed, and the store is this one.
-- $1 consumer, $2 owner epoch, $3 believed position (0: none), $4 position, $5 store id, $6 store epoch, $7 chain hash,
-- $8 whether to write again what is stored exactly like this: the same save, whose answer was lost
-- A session that does not want to hear warnings would take an unconfirmed commit for a confirmed one.
update {schema}.subscriptions
set position = $4, store_id = $5, store_epoch = $6, chain_hash = $7, updated_at = clock_timestamp()
where consumer = $1 and owner_epoch = $2
  and (coalesce(position, 0) = $3
    or $8 and position = $4 and store_id = $5 and store_epoch = $6 and chain_hash is not distinct from $7)
  and exists (select from {schema}.store where store_id = $5 and epoch = $6)
returning owner_epoch, case when current_setting('client_min_messages') = 'error'
  then set_config('client_min_messages', 'warning', true) end as hears_warnings
