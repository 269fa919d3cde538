-- Where the archive stands. A manifest's bytes are not looked at: they may be many, and this is asked often.
select s.store_id, s.epoch, clock_timestamp(), s.pruned_bound,
  extract(epoch from s.minimum_retention)::float8 as retention_seconds,
  coalesce((select max(b.last_position) from {schema}.batches b), 0) as planned,
  coalesce((select max(m.through_position) from {schema}.archive_manifests m where m.listed_at is not null), 0)
    as listed,
  (select min(b.planned_at) from {schema}.batches b where b.state in ('planned', 'uploading', 'uploaded', 'verified'))
    as oldest_open,
  m.number, m.digest, m.is_open, m.through_position
from {schema}.store s
left join lateral (
  select a.number, a.digest, a.listed_at is null as is_open, a.through_position
  from {schema}.archive_manifests a order by a.number desc limit 1
) m on true
