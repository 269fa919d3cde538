-- Places a hold, or finds it placed already; no row when its id belongs to another one or to one that was released.
-- $1 id, $2 reason, $3 first position, $4 last position, $5 stream type, $6 stream id, $7 who
-- A session that does not want to hear warnings would take an unconfirmed commit for a confirmed one.
insert into {schema}.archive_holds as h
  (hold_id, reason, from_position, to_position, stream_type, stream_id, placed_by)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict on constraint archive_holds_pkey do update set placed_at = h.placed_at
where h.released_at is null
  and (h.reason, h.from_position, h.to_position, h.stream_type, h.stream_id, h.placed_by)
    is not distinct from ($2, $3, $4, $5, $6, $7)
returning case when current_setting('client_min_messages') = 'error'
  then set_config('client_min_messages', 'warning', true) end as hears_warnings
