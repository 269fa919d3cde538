-- Puts an event aside, if the owner epoch still counts; one that is parked already gets new attempts and cause, when a
-- cause is given. $1 consumer, $2 owner epoch, $3 position, $4 stream type, $5 stream id, $6 event id, $7 event type,
-- $8 attempts, $9 cause, $10 when
-- Nobody can claim the consumer before this has ended: who comes then sees the event, or nobody has put it aside.
with owned as materialized (
  select consumer from {schema}.subscriptions where consumer = $1 and owner_epoch = $2 for share
), parked as (
  insert into {schema}.parked_events as p
    (consumer, position, stream_type, stream_id, event_id, event_type, attempts, cause, parked_at)
  select consumer, $3, $4, $5, $6, $7, $8, $9, $10 from owned
  on conflict on constraint parked_events_pkey do update
  set attempts = excluded.attempts, cause = excluded.cause
  where excluded.cause is not null
  returning p.xmax = 0 as is_new
)
select exists (select from owned) as is_owned, coalesce((select is_new from parked), false) as is_new
