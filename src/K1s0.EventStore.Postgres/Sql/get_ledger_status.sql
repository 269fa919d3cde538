-- How far the log is behind the events.
with head as (
  select coalesce(max(tree_size), 0) as tree_size, coalesce(max(last_position), 0) as last_position
  from {schema}.tree_heads
)
select head.tree_size,
  (select coalesce(max(h.tree_size), 0) from {schema}.tree_heads h where h.note is not null) as signed_size,
  (select extract(epoch from clock_timestamp() - e.recorded_at)::float8 from {schema}.events e
    where e.position > head.last_position order by e.position limit 1) as lag_seconds
from head
