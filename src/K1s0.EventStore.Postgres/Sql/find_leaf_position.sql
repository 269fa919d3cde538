-- Where the event of a leaf is, and up to where events are leaves. $1 index of the leaf
select
  (select r.first_position + $1 - r.first_index from {schema}.leaf_runs r
    where r.first_index <= $1 order by r.first_index desc limit 1) as leaf_position,
  (select h.last_position from {schema}.tree_heads h order by h.tree_size desc limit 1) as last_position
