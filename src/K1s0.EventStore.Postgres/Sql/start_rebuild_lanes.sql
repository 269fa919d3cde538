-- Starts the lanes of a rebuild at the beginning. $1 lanes, $2 projection, $3 store id, $4 store epoch
insert into {rebuild}.k1s0_rebuild_lanes
  (lane, lanes, projection, store_id, store_epoch, owner_epoch, position, events)
select lane, $1, $2, $3, $4, 0, 0, 0
from generate_series(0, $1 - 1) as lane
