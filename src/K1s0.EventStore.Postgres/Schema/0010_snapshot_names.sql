-- Snapshots by the name of their state: two folds of one stream keep one each, and do not replace each other's.

-- Empty where nobody named the state, as with all that was kept so far; what an aggregate has kept there is taken anew.
alter table {schema}.snapshots add column state_name text collate "C" not null default '';
alter table {schema}.snapshots drop constraint snapshots_pkey;
alter table {schema}.snapshots
  add constraint snapshots_pkey primary key (stream_type, stream_id, state_name);
