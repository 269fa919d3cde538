-- A page of the feed, filtered. $1 after, $2 last position to look at, not beyond this server's, $3 most rows,
-- $4 event types, $5 stream types, $6 stream prefix, $7 recorded from, $8 recorded before; each filter null for all
-- The first part has no rows: it refuses when events are in the archive. It stands for itself because the times can
-- exclude every partition, and then nothing of the second part runs.
select null::text, null::text, null::bigint, null::bigint, null::uuid, null::text, null::int, null::timestamptz,
  null::timestamptz, null::uuid, null::bytea, null::bytea, null::bytea, null::bytea
from {schema}.store s
where case when s.pruned_bound > $1 then {schema}.refuse_archived(s.pruned_bound) > 0 else false end
union all
(select stream_type, stream_id, version, position, event_id, event_type, schema_version, occurred_at, recorded_at,
  previous_event_id, content_digest, chain_hash, metadata, payload
from {schema}.events
where position > $1 and position <= $2
  and $2 <= (
    select case when pg_is_in_recovery() then s.published_bound else p.last_value end
    from {schema}.store s, {schema}.positions p)
  and ($4::text[] is null or event_type = any ($4))
  and ($5::text[] is null or stream_type = any ($5))
  and ($6::text is null or starts_with(stream_type || '-' || stream_id, $6))
  and ($7::timestamptz is null or recorded_at >= $7)
  and ($8::timestamptz is null or recorded_at < $8)
order by position
limit $3)
