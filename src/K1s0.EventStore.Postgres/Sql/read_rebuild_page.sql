-- A page of the feed for one lane. $1 after, $2 last position, $3 most rows, $4 event types, $5 stream types,
-- $6 stream prefix, $7 recorded from, $8 recorded before (each null for all), $9 lanes, $10 lane
-- The first part has no rows: it refuses when events are in the archive, also where the times exclude every partition.
select null::text, null::text, null::bigint, null::bigint, null::uuid, null::text, null::int, null::timestamptz,
  null::timestamptz, null::uuid, null::bytea, null::bytea, null::bytea, null::bytea
from {schema}.store s
where case when s.pruned_bound > $1 then {schema}.refuse_archived(s.pruned_bound) > 0 else false end
union all
(select stream_type, stream_id, version, position, event_id, event_type, schema_version, occurred_at, recorded_at,
  previous_event_id, content_digest, chain_hash, metadata, payload
from {schema}.events
where position > $1 and position <= $2
  and ($4::text[] is null or event_type = any ($4))
  and ($5::text[] is null or stream_type = any ($5))
  and ($6::text is null or starts_with(stream_type || '-' || stream_id, $6))
  and ($7::timestamptz is null or recorded_at >= $7)
  and ($8::timestamptz is null or recorded_at < $8)
  and ($9::int = 1 or stream_key % $9::int = $10::int)
order by position
limit $3)
