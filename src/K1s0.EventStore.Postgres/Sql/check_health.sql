-- What a health check looks at.
select s.schema_version, s.epoch, b.bound, b.last_position, b.holder_pid, b.holder_application,
  extract(epoch from clock_timestamp() - b.holder_since)::float8 as held_seconds,
  (select count(*) from pg_inherits i where i.inhparent = {events_literal}::regclass) as partitions,
  to_regclass(format('%I.%I', {schema_literal},
    'events_' || to_char(clock_timestamp() at time zone 'UTC' + interval '1 month', 'YYYY_MM'))) is not null
    as next_month_ready,
  pg_is_in_recovery() as is_standby, b.holder_gid, b.holder_owner, b.holder_database
from {schema}.store s, {schema}.settled_bound() b
