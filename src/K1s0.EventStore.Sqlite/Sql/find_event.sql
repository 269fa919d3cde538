-- Where an event is, by its id. $1 event id
select version, position, recorded_at, content_digest from events where event_id = $1
