-- The index of an event's leaf, and the newest signed head. $1 position of the event
select
  (select r.first_index + $1 - r.first_position from {schema}.leaf_runs r
    where r.first_position <= $1 order by r.first_position desc limit 1) as leaf_index,
  (select h.note from {schema}.tree_heads h where h.note is not null order by h.tree_size desc limit 1) as note
