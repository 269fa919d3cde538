-- Copies the streams of a part of the store's feed into the plain tables. $1 after position, $2 to position
insert into plain.streams (stream_key, stream_type, stream_id, version)
select s.stream_key, s.stream_type, s.stream_id, s.version
from event_store.streams s
where s.stream_key in (select stream_key from event_store.events where position > $1 and position <= $2)
on conflict do nothing
