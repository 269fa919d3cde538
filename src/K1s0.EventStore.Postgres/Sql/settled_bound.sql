-- Up to which position the feed is final, and who holds it back.
select bound, last_position, holder_pid, holder_application,
  extract(epoch from clock_timestamp() - holder_since)::float8 as held_seconds, holder_gid, holder_owner,
  holder_database
from {schema}.settled_bound()
