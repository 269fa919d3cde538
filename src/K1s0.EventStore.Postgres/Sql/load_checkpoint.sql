-- A consumer's checkpoint. $1 consumer
select owner_epoch, position, store_id, store_epoch, chain_hash from {schema}.subscriptions where consumer = $1
