-- What the log commits to of events that are leaves. $1 index of the first leaf, $2 most rows
select position, stream_type, stream_id, version, event_id, recorded_at, content_digest, chain_hash
from {schema}.events
where position >= (
    select r.first_position + $1 - r.first_index from {schema}.leaf_runs r
    where r.first_index <= $1 order by r.first_index desc limit 1)
  and position <= (select h.last_position from {schema}.tree_heads h order by h.tree_size desc limit 1)
  and (
    select s.pruned_bound < r.first_position + $1 - r.first_index or {schema}.refuse_archived(s.pruned_bound) > 0
    from {schema}.store s, {schema}.leaf_runs r
    where r.first_index <= $1 order by r.first_index desc limit 1)
order by position
limit $2
