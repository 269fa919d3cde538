-- The effect of one event. $1 consumer, $2 event id
insert into plain.effects (consumer, event_id) values ($1, $2)
