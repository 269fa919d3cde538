-- How many events are parked up to a position. $1 consumer, $2 position
select count(*) from {schema}.parked_events where consumer = $1 and position <= $2
