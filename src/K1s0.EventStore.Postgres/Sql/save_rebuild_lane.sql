-- Moves a lane, if epoch and position are as believed.
-- $1 lane, $2 owner epoch, $3 believed position, $4 position, $5 events that were applied
update {rebuild}.k1s0_rebuild_lanes
set position = $4, events = events + $5
where lane = $1 and owner_epoch = $2 and position = $3
returning lane
