-- The epoch under which the lanes of a rebuild were claimed last.
select max(owner_epoch) from {rebuild}.k1s0_rebuild_lanes
