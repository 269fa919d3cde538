-- The months that the database holds, each with what is in it: nothing for those that are not to be counted, which end
-- behind a time. $1 that time
select p.month, r.events, coalesce(r.first, 0), coalesce(r.last, 0), pg_total_relation_size(p.oid)
from (
  select c.oid, to_timestamp(substring(c.relname from 'events_(\d{4}_\d{2})$') || ' +00', 'YYYY_MM TZH') as month
  from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = {events_literal}::regclass and c.relname ~ '^events_\d{4}_\d{2}$'
) p
cross join lateral (
  select count(*) as events, min(e.position) as first, max(e.position) as last
  from {schema}.events e
  where (p.month at time zone 'UTC' + interval '1 month') at time zone 'UTC' <= $1
    and e.recorded_at >= p.month
    and e.recorded_at < (p.month at time zone 'UTC' + interval '1 month') at time zone 'UTC'
) r
order by p.month
