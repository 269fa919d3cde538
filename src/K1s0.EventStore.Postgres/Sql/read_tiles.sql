-- Tiles in the order in which they are asked for; null for one that is not there. $1 levels, $2 indices
-- One look into the index a tile, whatever the planner thinks of how many are asked for: a join may read them all.
select (
  select t.hashes from {schema}.tiles t where t.level = wanted.level and t.tile_index = wanted.tile_index) as hashes
from unnest($1::smallint[], $2::bigint[]) with ordinality as wanted (level, tile_index, place)
order by wanted.place
