-- Snapshots by the name of their state: two folds of one stream keep one each, and do not replace each other's. SQLite
-- changes no primary key, so the rows move into a table that has the new one.

create table named_snapshots (
  stream_type text not null,
  stream_id text not null,
  -- Empty where nobody named the state, as with all that is left.
  state_name text not null,
  version integer not null,
  state blob not null,
  taken_at integer not null,
  constraint snapshots_pkey primary key (stream_type, stream_id, state_name),
  constraint snapshots_version_positive check (version > 0)
) strict;

-- What aggregates have kept, in frames, stood without its name, and would never be read nor replaced any more: it is
-- only a cache, and taken anew.
insert into named_snapshots (stream_type, stream_id, state_name, version, state, taken_at)
select stream_type, stream_id, '', version, state, taken_at from snapshots where substr(state, 1, 1) <> x'ff';

drop table snapshots;
alter table named_snapshots rename to snapshots;

pragma user_version = 3;
