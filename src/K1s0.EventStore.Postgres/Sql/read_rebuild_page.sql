-- A page of the feed for one lane. $1 after, $2 last position, $3 most rows, $4 event types, $5 stream types,
-- $6 stream prefix, $7 recorded from, $8 recorded before (each null for all), $9 lanes, $10 lane
select stream_type, stream_id, version, position, event_id, event_type, schema_version, occurred_at, recorded_at,
  previous_event_id, content_digest, chain_hash, metadata, payload
from {schema}.events
where position > $1 and position <= $2
  and (select s.pruned_bound <= $1 or {schema}.refuse_archived(s.pruned_bound) > 0 from {schema}.store s)
  and ($4::text[] is null or event_type = any ($4))
  and ($5::text[] is null or stream_type = any ($5))
  and ($6::text is null or starts_with(stream_type || '-' || stream_id, $6))
  and ($7::timestamptz is null or recorded_at >= $7)
  and ($8::timestamptz is null or recorded_at < $8)
  and ($9::int = 1 or stream_key % $9::int = $10::int)
order by position
limit $3
