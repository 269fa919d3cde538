-- Where a consumer stands. $1 consumer
select owner_epoch, position, store_id, store_epoch, chain_hash from subscriptions where consumer = $1
