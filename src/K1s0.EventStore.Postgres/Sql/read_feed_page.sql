-- A page of the feed. $1 after, $2 settled bound, not beyond this server's, $3 most rows
select stream_type, stream_id, version, position, event_id, event_type, schema_version, occurred_at, recorded_at,
  previous_event_id, content_digest, chain_hash, metadata, payload
from {schema}.events
where position > $1 and position <= $2
  and $2 <= (
    select case
        when s.pruned_bound > $1 then {schema}.refuse_archived(s.pruned_bound)
        when pg_is_in_recovery() then s.published_bound
        else p.last_value
      end
    from {schema}.store s, {schema}.positions p)
order by position
limit $3
