-- Those of some streams that belong to a lane of a rebuild. $1 stream types, $2 stream ids, $3 lanes, $4 lane
select s.stream_type, s.stream_id
from unnest($1::text[], $2::text[]) as w (stream_type, stream_id)
join {schema}.streams s on s.stream_type = w.stream_type and s.stream_id = w.stream_id
where s.stream_key % $3::int = $4::int
