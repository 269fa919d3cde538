-- The lanes of a rebuild, kept until the transaction ends. $1 owner epoch
select lane, lanes, position, events
from {rebuild}.k1s0_rebuild_lanes
where owner_epoch = $1
order by lane
for update
