-- Tells all that listen that events were committed. $1 the schema, a slash, and who rings
select pg_notify('k1s0_event_store', $1)
