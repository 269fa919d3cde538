-- A consumer's checkpoint, which nobody moves until the transaction ends. $1 consumer
select position, store_id, store_epoch from {schema}.subscriptions where consumer = $1 for update
