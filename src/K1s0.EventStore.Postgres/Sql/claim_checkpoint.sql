-- Takes over a consumer. $1 consumer, $2 owner
insert into {schema}.subscriptions as s (consumer, owner, owner_epoch, updated_at)
values ($1, $2, 1, clock_timestamp())
on conflict on constraint subscriptions_pkey do update
set owner = excluded.owner, owner_epoch = s.owner_epoch + 1, updated_at = excluded.updated_at
returning owner_epoch, position, store_id, store_epoch, chain_hash
