-- Snapshots by the name of their state: two folds of one stream keep one each, and do not replace each other's.

-- All who read or keep a snapshot wait as long as this waits for them: rather not at all. Run it again then.
set local lock_timeout = '5s';

-- Empty where nobody named the state, as with all that is left.
alter table {schema}.snapshots add column state_name text collate "C" not null default '';

-- What aggregates have kept, in frames, stood without its name, and would never be read nor replaced any more: it is
-- only a cache, and taken anew.
delete from {schema}.snapshots where substring(state from 1 for 1) = '\xff'::bytea;

alter table {schema}.snapshots drop constraint snapshots_pkey;
alter table {schema}.snapshots
  add constraint snapshots_pkey primary key (stream_type, stream_id, state_name);
