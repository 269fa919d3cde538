-- Up to which position events are read from the archive, and the batches to read behind a position: at least one row.
-- $1 after, $2 recorded from, $3 recorded before (each null for all), $4 most batches
select s.pruned_bound, b.after_position, b.first_position, b.last_position, b.event_count, b.earliest, b.latest,
  b.content_bytes, b.object_key, b.stored_bytes, b.object_digest, b.index_digest
from {schema}.store s
left join lateral (
  select *
  from {schema}.batches a
  where a.last_position > $1 and a.last_position <= s.pruned_bound
    and ($2::timestamptz is null or a.latest >= $2)
    and ($3::timestamptz is null or a.earliest < $3)
  order by a.last_position
  limit $4
) b on true
order by b.last_position
