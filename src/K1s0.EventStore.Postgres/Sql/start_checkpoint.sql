-- Gives a consumer that has none its first checkpoint. $1 consumer, $2 position, $3 store id, $4 store epoch
insert into {schema}.subscriptions as s
  (consumer, owner, owner_epoch, position, store_id, store_epoch, updated_at)
values ($1, 'rebuild', 1, $2, $3, $4, clock_timestamp())
on conflict on constraint subscriptions_pkey do update
set owner = excluded.owner, owner_epoch = s.owner_epoch + 1, position = excluded.position,
  store_id = excluded.store_id, store_epoch = excluded.store_epoch, updated_at = excluded.updated_at
where s.position is null
returning owner_epoch
