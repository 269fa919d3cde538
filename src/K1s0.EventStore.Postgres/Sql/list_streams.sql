-- Streams with their heads, and how many events are filed under each in its own name, version and id, or archived.
-- $1, $2 type and id of the stream behind which to begin, $3 most rows
select s.stream_type, s.stream_id, s.version, s.head_event_id, s.head_hash,
  (select count(*) from {schema}.events e
    join {schema}.event_ids i on i.event_id = e.event_id and i.stream_key = e.stream_key and i.version = e.version
    where e.stream_key = s.stream_key and e.recorded_at >= s.created_at and e.version between 1 and s.version
      and e.stream_type = s.stream_type and e.stream_id = s.stream_id and e.position > t.pruned_bound)
    + case when t.pruned_bound = 0 then 0 else (
      select coalesce(sum(a.last_version - a.first_version + 1), 0) from {schema}.archived_streams a
      where a.stream_key = s.stream_key and a.batch_last_position <= t.pruned_bound)::bigint end as events
from {schema}.streams s cross join {schema}.store t
where (s.stream_type, s.stream_id) > ($1, $2)
order by s.stream_type, s.stream_id
limit $3
