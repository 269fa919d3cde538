-- Append-only guards, and partitions by month.

create function {schema}.refuse_change() returns trigger
language plpgsql as $$
begin
  raise exception '% on %.% is refused: events are append-only', tg_op, tg_table_schema, tg_table_name
    using errcode = 'ES403', hint = 'Correct an event by appending another one.';
end
$$;

create trigger events_append_only before update or delete on {schema}.events
  for each row execute function {schema}.refuse_change();
create trigger events_no_truncate before truncate on {schema}.events
  for each statement execute function {schema}.refuse_change();
create trigger event_ids_append_only before update or delete on {schema}.event_ids
  for each row execute function {schema}.refuse_change();
create trigger event_ids_no_truncate before truncate on {schema}.event_ids
  for each statement execute function {schema}.refuse_change();
create trigger streams_no_delete before delete on {schema}.streams
  for each row execute function {schema}.refuse_change();
create trigger streams_no_truncate before truncate on {schema}.streams
  for each statement execute function {schema}.refuse_change();
create trigger streams_forward_only before update on {schema}.streams
  for each row
  when (new.version <= old.version or new.prior_version <> old.version or new.stream_key <> old.stream_key
    or new.stream_type <> old.stream_type or new.stream_id <> old.stream_id or new.created_at <> old.created_at)
  execute function {schema}.refuse_change();

-- Asks the catalog table: to_regclass answers from the session's cache, which a wait for an advisory lock does not
-- refresh.
create function {schema}.has_table(in_name text) returns boolean
language sql volatile as $$
  select exists (
    select from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = {schema_literal} and c.relname = in_name)
$$;

-- Makes the partitions of this month and of in_months_ahead months after it. Safe to call at any time, from any number
-- of sessions. Returns the first moment that has no partition.
create function {schema}.ensure_partitions(in_months_ahead int) returns timestamptz
language plpgsql as $$
declare
  first_month timestamp := date_trunc('month',
    greatest(clock_timestamp(), (select recorded_floor from {schema}.store)) at time zone 'UTC');
  month_start timestamp;
  partition_name text;
begin
  if in_months_ahead not between 0 and 120 then
    raise exception 'months ahead must be 0 to 120, not %', in_months_ahead using errcode = '22023';
  end if;

  for i in 0 .. in_months_ahead loop
    month_start := first_month + make_interval(months => i);
    partition_name := 'events_' || to_char(month_start, 'YYYY_MM');
    if not {schema}.has_table(partition_name) then
      -- One maker at a time; the others find the partition when they get here.
      perform pg_advisory_xact_lock(hashtextextended('k1s0 event store schema ' || {schema_literal}, 0));
      if not {schema}.has_table(partition_name) then
        perform {schema}.create_partition(partition_name, month_start);
      end if;
    end if;
  end loop;

  return (first_month + make_interval(months => in_months_ahead + 1)) at time zone 'UTC';
end
$$;

-- Builds the partition aside and attaches it, so that appends to other months go on meanwhile.
create function {schema}.create_partition(in_name text, in_month timestamp) returns void
language plpgsql as $$
declare
  lower_bound timestamptz := in_month at time zone 'UTC';
  upper_bound timestamptz := (in_month + interval '1 month') at time zone 'UTC';
begin
  execute format('create table %I.%I (like %I.events including defaults including constraints)',
    {schema_literal}, in_name, {schema_literal});
  execute format(
    'alter table %I.%I add constraint %I primary key (position), add constraint %I unique (stream_key, version)',
    {schema_literal}, in_name, in_name || '_pkey', in_name || '_place_key');
  execute format('create trigger events_no_truncate before truncate on %I.%I '
    'for each statement execute function %I.refuse_change()',
    {schema_literal}, in_name, {schema_literal});
  execute format('alter table %I.events attach partition %I.%I for values from (%L) to (%L)',
    {schema_literal}, {schema_literal}, in_name, lower_bound, upper_bound);
end
$$;

select {schema}.ensure_partitions(3);

-- The rights of an application that appends and reads, and of one that only reads. Neither can change an event.
create function {schema}.grant_writer(in_role name) returns void
language plpgsql as $$
begin
  perform {schema}.grant_reader(in_role);
  execute format('grant insert on %1$I.events, %1$I.event_ids, %1$I.access_log to %2$I', {schema_literal}, in_role);
  execute format('grant insert, update on %1$I.streams, %1$I.snapshots, %1$I.subscriptions to %2$I', {schema_literal},
    in_role);
  execute format('grant delete on %1$I.snapshots to %2$I', {schema_literal}, in_role);
  execute format('grant update (published_bound) on %1$I.store to %2$I', {schema_literal}, in_role);
  execute format('grant usage on all sequences in schema %1$I to %2$I', {schema_literal}, in_role);
end
$$;

create function {schema}.grant_reader(in_role name) returns void
language plpgsql as $$
begin
  execute format('grant usage on schema %1$I to %2$I', {schema_literal}, in_role);
  execute format('grant select on all tables in schema %1$I to %2$I', {schema_literal}, in_role);
  execute format('grant select on all sequences in schema %1$I to %2$I', {schema_literal}, in_role);
end
$$;
