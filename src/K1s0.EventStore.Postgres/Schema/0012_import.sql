-- Taking over the events of another store as they are, into an empty one: how a lost store is rebuilt from its archive.
-- Run by the schema's owner, before anybody appends or reads. Refusals have the code ES411 and write nothing.

-- The import that was run here, if any.
create table {schema}.imports (
  only_row boolean not null default true,
  source_store_id uuid not null,
  source_epoch bigint not null,
  -- The position of the last event that is to come, and of the last one that is here.
  last_position bigint not null,
  imported_position bigint not null default 0,
  -- The sequence as it was found: it moves when somebody else appends.
  sequence_before bigint not null,
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  constraint imports_pkey primary key (only_row),
  constraint imports_only_row check (only_row),
  constraint imports_place check (imported_position between 0 and last_position)
);

-- The import that is under way, locked until the transaction ends.
create function {schema}.import_under_way() returns {schema}.imports
language plpgsql volatile as $$
declare
  under_way {schema}.imports;
begin
  -- A session that does not want to hear warnings would take an unconfirmed commit for a confirmed one.
  if current_setting('client_min_messages') = 'error' then
    perform set_config('client_min_messages', 'warning', true);
  end if;

  select * into under_way from {schema}.imports for update;
  if not found then
    raise exception 'no import was begun.' using errcode = 'ES411';
  end if;
  if under_way.ended_at is null and under_way.sequence_before <> (select p.last_value from {schema}.positions p) then
    raise exception 'somebody else has written to it meanwhile.' using errcode = 'ES411',
      hint = 'Drop the schema and begin again, with nobody else connected.';
  end if;
  return under_way;
end
$$;

-- Begins an import, or goes on with one. Returns up to which position events are here: the last one when it is ended.
create function {schema}.begin_import(in_store_id uuid, in_epoch bigint, in_last_position bigint) returns bigint
language plpgsql volatile as $$
declare
  under_way {schema}.imports;
begin
  perform pg_advisory_xact_lock(hashtextextended('k1s0 event store import ' || {schema_literal}, 0));
  if not exists (select from {schema}.imports) then
    if exists (select from {schema}.streams) or exists (select from {schema}.event_ids) then
      raise exception 'it has events of its own.' using errcode = 'ES411';
    end if;

    insert into {schema}.imports (source_store_id, source_epoch, last_position, sequence_before)
    select in_store_id, in_epoch, in_last_position, p.last_value from {schema}.positions p;
  end if;

  under_way := {schema}.import_under_way();
  if (under_way.source_store_id, under_way.source_epoch, under_way.last_position)
    <> (in_store_id, in_epoch, in_last_position) then
    raise exception 'it takes over those of store %/% up to position %, or has done so.', under_way.source_store_id,
      under_way.source_epoch, under_way.last_position using errcode = 'ES411';
  end if;
  return under_way.imported_position;
end
$$;

-- Takes over some events, in the order of positions. One element an event; one element a stream of the page, each
-- stream once: its name, the link before its first event (the genesis for version 1), the version and event id before,
-- and the version, link, event id and time that it comes to and begins with.
create function {schema}.import_events(
  in_stream_types text[],
  in_stream_ids text[],
  in_prior_versions bigint[],
  in_prior_hashes bytea[],
  in_prior_event_ids uuid[],
  in_versions bigint[],
  in_head_hashes bytea[],
  in_head_event_ids uuid[],
  in_created_at timestamptz[],
  in_entries int[],
  in_positions bigint[],
  in_event_versions bigint[],
  in_event_ids uuid[],
  in_previous_ids uuid[],
  in_event_types text[],
  in_schema_versions int[],
  in_occurred_at timestamptz[],
  in_recorded_at timestamptz[],
  in_content_digests bytea[],
  in_chain_hashes bytea[],
  in_actors text[],
  in_correlation_ids text[],
  in_metadata bytea[],
  in_payloads bytea[]
) returns bigint
language plpgsql volatile
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  under_way {schema}.imports := {schema}.import_under_way();
  month timestamp;
  changed int;
begin
  if under_way.ended_at is not null then
    raise exception 'no import was begun.' using errcode = 'ES411';
  end if;
  if exists (
    select from (
      select u.place, lag(u.place, 1, under_way.imported_position) over (order by u.number) as before
      from unnest(in_positions) with ordinality as u (place, number)) p
    where p.place <= p.before or p.place > under_way.last_position) then
    raise exception 'positions do not come behind %, or come behind the last one.', under_way.imported_position
      using errcode = 'ES411';
  end if;

  for month in select distinct date_trunc('month', u.at at time zone 'UTC') from unnest(in_recorded_at) as u (at) loop
    if not {schema}.has_table('events_' || to_char(month, 'YYYY_MM')) then
      perform pg_advisory_xact_lock(hashtextextended('k1s0 event store schema ' || {schema_literal}, 0));
      perform {schema}.create_partition('events_' || to_char(month, 'YYYY_MM'), month);
    end if;
  end loop;

  insert into {schema}.streams as s (stream_type, stream_id, version, head_hash, head_event_id, prior_version,
    prior_hash, prior_event_id, created_at)
  select w.stream_type, w.stream_id, w.version, w.head_hash, w.head_event_id, w.prior_version, w.prior_hash,
    w.prior_event_id, w.created_at
  from unnest(in_stream_types, in_stream_ids, in_versions, in_head_hashes, in_head_event_ids, in_prior_versions,
      in_prior_hashes, in_prior_event_ids, in_created_at)
    as w (stream_type, stream_id, version, head_hash, head_event_id, prior_version, prior_hash, prior_event_id,
      created_at)
  where w.prior_version = 0 or exists (
    select from {schema}.streams x where x.stream_type = w.stream_type and x.stream_id = w.stream_id)
  on conflict on constraint streams_name_key do update set
    version = excluded.version,
    head_hash = excluded.head_hash,
    head_event_id = excluded.head_event_id,
    prior_version = s.version,
    prior_hash = s.head_hash,
    prior_event_id = s.head_event_id,
    expected = null
  where s.version = excluded.prior_version and s.head_event_id = excluded.prior_event_id;
  get diagnostics changed = row_count;
  if changed <> cardinality(in_stream_types) then
    raise exception 'events do not continue their streams.' using errcode = 'ES411';
  end if;

  with placed as materialized (
    select s.stream_key, v.*
    from unnest(in_entries, in_positions, in_event_versions, in_event_ids, in_previous_ids, in_event_types,
        in_schema_versions, in_occurred_at, in_recorded_at, in_content_digests, in_chain_hashes, in_actors,
        in_correlation_ids, in_metadata, in_payloads)
      as v (entry, place, version, event_id, previous_id, event_type, schema_version, occurred_at, recorded_at,
        content_digest, chain_hash, actor, correlation_id, metadata, payload)
    join {schema}.streams s
      on s.stream_type = in_stream_types[v.entry] and s.stream_id = in_stream_ids[v.entry]
  ),
  taken as (
    insert into {schema}.event_ids (event_id, stream_key, version)
    select p.event_id, p.stream_key, p.version from placed p
  )
  insert into {schema}.events (position, stream_key, version, schema_version, occurred_at, recorded_at, event_id,
    previous_event_id, content_digest, chain_hash, stream_type, stream_id, event_type, actor, correlation_id,
    metadata, payload)
  select p.place, p.stream_key, p.version, p.schema_version, p.occurred_at, p.recorded_at, p.event_id, p.previous_id,
    p.content_digest, p.chain_hash, in_stream_types[p.entry], in_stream_ids[p.entry], p.event_type, p.actor,
    p.correlation_id, p.metadata, p.payload
  from placed p;
  get diagnostics changed = row_count;
  if changed <> cardinality(in_positions) then
    raise exception 'events do not continue their streams.' using errcode = 'ES411';
  end if;

  update {schema}.imports set imported_position = in_positions[cardinality(in_positions)]
  returning imports.imported_position into under_way.imported_position;
  return under_way.imported_position;
end
$$;

-- Ends the import: the store is the other one, in its next epoch, and goes on behind its last position.
create function {schema}.end_import(out store_id uuid, out epoch bigint)
language plpgsql volatile as $$
#variable_conflict use_column
declare
  under_way {schema}.imports := {schema}.import_under_way();
begin
  if under_way.ended_at is null then
    if under_way.imported_position <> under_way.last_position then
      raise exception 'events are missing from position % up to %.', under_way.imported_position,
        under_way.last_position using errcode = 'ES411';
    end if;

    perform setval('{schema}.positions', greatest(under_way.last_position, under_way.sequence_before));
    update {schema}.imports set ended_at = clock_timestamp();
    update {schema}.store s set
      store_id = under_way.source_store_id,
      epoch = under_way.source_epoch + 1,
      recorded_floor = greatest(s.recorded_floor,
        (select date_trunc('month', max(e.recorded_at), 'UTC') from {schema}.events e));
    perform {schema}.ensure_partitions(3);
  end if;

  select s.store_id, s.epoch into strict store_id, epoch from {schema}.store s;
end
$$;
