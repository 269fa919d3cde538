-- Takes over a consumer. $1 consumer, $2 owner
-- A session that does not want to hear warnings would take an unconfirmed commit for a confirmed one.
insert into {schema}.subscriptions as s (consumer, owner, owner_epoch, updated_at)
values ($1, $2, 1, clock_timestamp())
on conflict on constraint subscriptions_pkey do update
set owner = excluded.owner, owner_epoch = s.owner_epoch + 1, updated_at = excluded.updated_at
returning owner_epoch, position, store_id, store_epoch, chain_hash,
  case when current_setting('client_min_messages') = 'error'
    then set_config('client_min_messages', 'warning', true) end as hears_warnings
