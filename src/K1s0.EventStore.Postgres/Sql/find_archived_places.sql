-- Which of some events are in the archive, and where in their streams. $1 event ids
select i.event_id, s.stream_type, s.stream_id, i.version
from {schema}.event_ids i
join {schema}.streams s on s.stream_key = i.stream_key
where i.event_id = any ($1)
  and exists (
    select from {schema}.archived_streams a
    where a.stream_key = i.stream_key and a.last_version >= i.version and a.first_version <= i.version
      and a.batch_last_position <= (select t.pruned_bound from {schema}.store t))
