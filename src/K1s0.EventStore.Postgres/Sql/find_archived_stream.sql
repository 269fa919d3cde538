-- The batches that have versions of a stream, in order. $1 stream type, $2 stream id, $3 first version, $4 last version
-- A batch that was replaced goes on in the first one that ends where it did or behind.
select min(a.first_version), max(a.last_version), b.after_position, b.first_position, b.last_position, b.event_count,
  b.earliest, b.latest, b.content_bytes, b.object_key, b.stored_bytes, b.object_digest, b.index_digest
from {schema}.store s
join {schema}.archived_streams a on a.batch_last_position <= s.pruned_bound
join lateral (
  select * from {schema}.batches x where x.last_position >= a.batch_last_position order by x.last_position limit 1
) b on true
where a.stream_key = (select stream_key from {schema}.streams where stream_type = $1 and stream_id = $2)
  and a.last_version >= $3 and a.first_version <= $4
group by b.after_position, b.first_position, b.last_position, b.event_count, b.earliest, b.latest, b.content_bytes,
  b.object_key, b.stored_bytes, b.object_digest, b.index_digest
order by b.last_position
