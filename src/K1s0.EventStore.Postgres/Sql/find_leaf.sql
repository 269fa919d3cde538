-- The leaf of an event, the link before it, its index and the newest signed head. $1 event id
-- Without a look at the streams, which have no index on their keys: each month is asked by its own index instead.
select e.position, e.stream_type, e.stream_id, e.version, e.event_id, e.recorded_at, e.content_digest, e.chain_hash,
  (select p.chain_hash from {schema}.events p
    where p.stream_key = place.stream_key and p.version = place.version - 1)
    as previous_link,
  (select r.first_index + e.position - r.first_position from {schema}.leaf_runs r
    where r.first_position <= e.position order by r.first_position desc limit 1) as leaf_index,
  (select h.note from {schema}.tree_heads h where h.note is not null order by h.tree_size desc limit 1) as note
from {schema}.event_ids place
join {schema}.events e on e.stream_key = place.stream_key and e.version = place.version
where place.event_id = $1
