-- Takes a parked event out. $1 consumer, $2 position
delete from {schema}.parked_events where consumer = $1 and position = $2
returning position
