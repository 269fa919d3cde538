-- Takes over the lanes of a rebuild, if they are of this store. $1 store id, $2 store epoch
update {rebuild}.k1s0_rebuild_lanes
set owner_epoch = owner_epoch + 1
where store_id = $1 and store_epoch = $2
returning lane, lanes, position, events
