-- Stream and payload of all events behind a position, in order. $1 after
select stream_id, payload from plain.events where position > $1 order by position
