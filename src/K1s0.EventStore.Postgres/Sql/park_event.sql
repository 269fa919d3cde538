-- Puts an event aside; one that is parked already gets new attempts and cause, when a cause is given.
-- $1 consumer, $2 position, $3 stream type, $4 stream id, $5 event id, $6 event type, $7 attempts, $8 cause, $9 when
insert into {schema}.parked_events as p
  (consumer, position, stream_type, stream_id, event_id, event_type, attempts, cause, parked_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict on constraint parked_events_pkey do update
set attempts = excluded.attempts, cause = excluded.cause
where excluded.cause is not null
returning p.xmax = 0 as is_new
