-- The last position that was given out: SQLite has one writer at a time, and a commit shows all of its rows at once, so
-- nothing below a position that can be seen appears later.
select coalesce((select seq from sqlite_sequence where name = 'events'), 0)
