-- The last position.
select coalesce(max(position), 0) from plain.events
