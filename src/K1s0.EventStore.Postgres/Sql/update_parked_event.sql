-- Sets attempts and cause of a parked event, if the owner epoch still counts and the event is still parked.
-- $1 consumer, $2 owner epoch, $3 position, $4 attempts, $5 cause
with owned as materialized (
  select consumer from {schema}.subscriptions where consumer = $1 and owner_epoch = $2 for share
), updated as (
  update {schema}.parked_events p
  set attempts = $4, cause = $5
  from owned o
  where p.consumer = o.consumer and p.position = $3
  returning p.position
)
select exists (select from owned) as is_owned, exists (select from updated) as is_parked
