-- The Merkle log over the events: tiles, tree heads, and which leaf belongs to which event.

-- One row a tile; the last one of each level grows in its row until it has 256 hashes.
create table {schema}.tiles (
  level smallint not null,
  tile_index bigint not null,
  hashes bytea not null,
  constraint tiles_pkey primary key (level, tile_index),
  constraint tiles_place check (level between 0 and 7 and tile_index >= 0),
  constraint tiles_width check (octet_length(hashes) between 32 and 8192 and octet_length(hashes) % 32 = 0)
);

-- Hashes cannot be compressed: do not try.
alter table {schema}.tiles alter column hashes set storage external;

-- A run of leaves whose events have consecutive positions, from its first leaf to the next run: index - first_index =
-- position - first_position. A log over positions without gaps is one row, so both ways are one look into an index.
create table {schema}.leaf_runs (
  first_index bigint not null,
  first_position bigint not null,
  constraint leaf_runs_pkey primary key (first_index),
  constraint leaf_runs_position_key unique (first_position),
  constraint leaf_runs_place check (first_index >= 0 and first_position > first_index)
);

-- One row a batch of the sealer.
create table {schema}.tree_heads (
  tree_size bigint not null,
  root bytea not null,
  -- All events up to this position are leaves, and no others.
  last_position bigint not null,
  -- The epoch of the lease under which it was sealed.
  epoch bigint not null,
  sealed_at timestamptz not null,
  -- The signed note; null until it is signed.
  note bytea,
  constraint tree_heads_pkey primary key (tree_size),
  constraint tree_heads_position_key unique (last_position),
  constraint tree_heads_root_length check (octet_length(root) = 32),
  constraint tree_heads_place check (tree_size > 0 and last_position >= tree_size)
);

create index tree_heads_signed_idx on {schema}.tree_heads (tree_size) where note is not null;

create function {schema}.refuse_log_change() returns trigger
language plpgsql as $$
begin
  raise exception '% on %.% is refused: the log only grows', tg_op, tg_table_schema, tg_table_name
    using errcode = 'ES403';
end
$$;

create trigger tiles_grow_only before update on {schema}.tiles
  for each row
  when (new.level <> old.level or new.tile_index <> old.tile_index
    or substring(new.hashes for octet_length(old.hashes)) <> old.hashes)
  execute function {schema}.refuse_log_change();
create trigger tiles_no_delete before delete on {schema}.tiles
  for each row execute function {schema}.refuse_log_change();
create trigger tiles_no_truncate before truncate on {schema}.tiles
  for each statement execute function {schema}.refuse_log_change();
create trigger leaf_runs_append_only before update or delete on {schema}.leaf_runs
  for each row execute function {schema}.refuse_log_change();
create trigger leaf_runs_no_truncate before truncate on {schema}.leaf_runs
  for each statement execute function {schema}.refuse_log_change();
-- Only the signature may come, or change with the key.
create trigger tree_heads_forward_only before update on {schema}.tree_heads
  for each row
  when (new.note is null or new.tree_size <> old.tree_size or new.root <> old.root
    or new.last_position <> old.last_position or new.epoch <> old.epoch or new.sealed_at <> old.sealed_at)
  execute function {schema}.refuse_log_change();
create trigger tree_heads_no_delete before delete on {schema}.tree_heads
  for each row execute function {schema}.refuse_log_change();
create trigger tree_heads_no_truncate before truncate on {schema}.tree_heads
  for each statement execute function {schema}.refuse_log_change();

-- Whether so many events lie behind a position and not behind another.
create function {schema}.has_settled(in_after bigint, in_last bigint, in_count bigint) returns boolean
language sql volatile as $$
  select in_count = (select count(*) from {schema}.events e where e.position > in_after and e.position <= in_last)
$$;

-- Adds a batch of leaves to the log, or nothing: 'fenced' when the lease does not count, 'moved' when the log is not
-- the one that the batch continues, 'miscounted' when there are not as many events as leaves, else 'sealed'. The
-- lease's row stays locked until the commit, so the next leader begins when this batch is there or will never be.
create function {schema}.seal_leaves(
  in_lease text,
  in_epoch bigint,
  in_old_size bigint,
  in_old_root bytea,
  in_new_size bigint,
  in_new_root bytea,
  in_last_position bigint,
  in_tile_levels smallint[],
  in_tile_indices bigint[],
  in_tile_hashes bytea[],
  in_run_indices bigint[],
  in_run_positions bigint[]
) returns table (outcome text, sealed_at timestamptz)
language plpgsql as $$
#variable_conflict use_column
declare
  head record;
  this_moment timestamptz;
begin
  -- A session that does not want to hear warnings would take an unconfirmed commit for a confirmed one.
  if current_setting('client_min_messages') = 'error' then
    perform set_config('client_min_messages', 'warning', true);
  end if;

  perform from {schema}.leases l
  where l.lease_name = in_lease and l.epoch = in_epoch and l.expires_at > clock_timestamp()
  for no key update;
  if not found then
    return query select 'fenced'::text, null::timestamptz;
    return;
  end if;

  select h.tree_size, h.root, h.last_position into head
  from {schema}.tree_heads h order by h.tree_size desc limit 1;
  if coalesce(head.tree_size, 0) <> in_old_size
    or (in_old_size > 0 and head.root <> in_old_root)
    or in_new_size <= in_old_size
    or in_last_position <= coalesce(head.last_position, 0) then
    return query select 'moved'::text, null::timestamptz;
    return;
  end if;

  -- Settled events neither come nor go: were it otherwise, indices and positions would never fit again.
  if not {schema}.has_settled(coalesce(head.last_position, 0), in_last_position, in_new_size - in_old_size) then
    return query select 'miscounted'::text, null::timestamptz;
    return;
  end if;

  insert into {schema}.tiles as t (level, tile_index, hashes)
  select * from unnest(in_tile_levels, in_tile_indices, in_tile_hashes)
  on conflict on constraint tiles_pkey do update set hashes = excluded.hashes;

  insert into {schema}.leaf_runs (first_index, first_position)
  select * from unnest(in_run_indices, in_run_positions);

  this_moment := clock_timestamp();
  insert into {schema}.tree_heads (tree_size, root, last_position, epoch, sealed_at)
  values (in_new_size, in_new_root, in_last_position, in_epoch, this_moment);
  return query select 'sealed'::text, this_moment;
end
$$;

-- The rights of a process that seals; together with those of a writer for one that appends as well.
create function {schema}.grant_sealer(in_role name) returns void
language plpgsql as $$
begin
  perform {schema}.grant_reader(in_role);
  execute format('grant insert, update on %1$I.leases, %1$I.tiles to %2$I', {schema_literal}, in_role);
  execute format('grant insert on %1$I.leaf_runs, %1$I.tree_heads to %2$I', {schema_literal}, in_role);
  execute format('grant update (note) on %1$I.tree_heads to %2$I', {schema_literal}, in_role);
end
$$;
