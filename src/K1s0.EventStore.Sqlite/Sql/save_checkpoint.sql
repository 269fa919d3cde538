-- Moves a checkpoint if owner epoch and position are as believed, and the store is this one.
-- $1 consumer, $2 owner epoch, $3 believed position (0: none), $4 position, $5 store id, $6 store epoch, $7 chain hash,
-- $8 now
update subscriptions
set position = $4, store_id = $5, store_epoch = $6, chain_hash = $7, updated_at = $8
where consumer = $1 and owner_epoch = $2
  -- What is stored exactly like this already is the same save, whose answer was lost.
  and (coalesce(position, 0) = $3
    or position = $4 and store_id = $5 and store_epoch = $6 and chain_hash is $7)
  and exists (select 1 from store where store_id = $5 and epoch = $6)
returning owner_epoch
