-- Tiles in the order in which they are asked for; null for one that is not there. $1 levels, $2 indices
select t.hashes
from unnest($1::smallint[], $2::bigint[]) with ordinality as wanted (level, tile_index, place)
left join {schema}.tiles t on t.level = wanted.level and t.tile_index = wanted.tile_index
order by wanted.place
