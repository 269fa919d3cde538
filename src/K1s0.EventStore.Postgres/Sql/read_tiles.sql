-- Tiles in the order in which they are asked for; null for one that is not there. $1 levels, $2 indices
-- On a standby with the size of the log there, of the same moment: what is missing may be on its way.
-- One look into the index a tile, whatever the planner thinks of how many are asked for: a join may read them all.
select (
  select t.hashes from {schema}.tiles t where t.level = wanted.level and t.tile_index = wanted.tile_index) as hashes,
  case when pg_is_in_recovery() then (
    select coalesce(max(h.tree_size), 0) from {schema}.tree_heads h) end as standby_size
from unnest($1::smallint[], $2::bigint[]) with ordinality as wanted (level, tile_index, place)
order by wanted.place
