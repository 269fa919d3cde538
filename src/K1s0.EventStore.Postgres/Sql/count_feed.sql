-- How many events of the feed a filter lets through. $1 after, $2 last position, $3 event types, $4 stream types,
-- $5 stream prefix, $6 recorded from, $7 recorded before (each null for all)
select (
  select count(*)
  from {schema}.events
  where position > $1 and position <= $2
    and ($3::text[] is null or event_type = any ($3))
    and ($4::text[] is null or stream_type = any ($4))
    and ($5::text is null or starts_with(stream_type || '-' || stream_id, $5))
    and ($6::timestamptz is null or recorded_at >= $6)
    and ($7::timestamptz is null or recorded_at < $7)
) + (
  select case when s.pruned_bound > $1 then {schema}.refuse_archived(s.pruned_bound) else 0 end from {schema}.store s)
