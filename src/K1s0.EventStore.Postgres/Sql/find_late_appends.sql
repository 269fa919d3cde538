-- How far streams are, and which of the events that wait for them are stored. $1 stream types, $2 stream ids, one
-- element an append; $3 numbers of the appends, from 1, $4 event ids, one element an event. Scalar subqueries: joins
-- could be planned as hashes over all streams and events.
select a.entry::int,
  coalesce(
    (select s.version from {schema}.streams s where s.stream_type = a.stream_type and s.stream_id = a.stream_id), 0),
  a.entry::int = any (array(
    select e.entry from unnest($3, $4) as e (entry, event_id)
    where (select i.stream_key from {schema}.event_ids i where i.event_id = e.event_id) is not null))
from unnest($1, $2) with ordinality as a (stream_type, stream_id, entry)
