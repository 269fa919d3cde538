-- Takes over a consumer. $1 consumer, $2 owner, $3 now
insert into subscriptions (consumer, owner, owner_epoch, updated_at) values ($1, $2, 1, $3)
on conflict (consumer) do update
set owner = excluded.owner, owner_epoch = subscriptions.owner_epoch + 1, updated_at = excluded.updated_at
returning owner_epoch, position, store_id, store_epoch, chain_hash
