-- Appending. append_events is what the .NET client calls; append_event below is the same for people and other
-- languages.

-- The links of a chain after a known head: SHA-256("k1s0-stream-link/1" | tag | version | previous link | content
-- digest).
create function {schema}.chain_links(in_tag bytea, in_version bigint, in_head bytea, in_digests bytea[]) returns bytea[]
language plpgsql immutable strict as $$
declare
  prefix constant bytea := '\x6b3173302d73747265616d2d6c696e6b2f31'::bytea || in_tag;
  link bytea := in_head;
  links bytea[] := '{}';
begin
  for i in 1 .. cardinality(in_digests) loop
    link := sha256(prefix || int8send(in_version + i) || link || in_digests[i]);
    links[i] := link;
  end loop;
  return links;
end
$$;

-- Holds back the feed for the rest of the transaction, once: a lower floor, taken earlier, covers the numbers that are
-- drawn later. The setting, like the lock, goes when the transaction, or the savepoint that it was made under, is
-- undone. Returns the time to record.
create function {schema}.take_floor() returns timestamptz
language plpgsql volatile as $$
declare
  store record;
begin
  -- Strict: a store without its row appends nothing, rather than without a lock.
  select s.floor_key, s.recorded_floor, 'k1s0_event_store.floor_of_' || s.floor_key as setting into strict store
  from {schema}.store s;
  if current_setting(store.setting, true) is distinct from 'held' then
    perform pg_advisory_xact_lock_shared(store.floor_key, (p.last_value & 2147483647)::int), set_config(store.setting,
      'held', true)
    from {schema}.positions p;
  end if;
  if current_setting('client_min_messages') = 'error' then
    -- That a commit was not confirmed by a standby is said in a warning only. It must reach the client.
    perform set_config('client_min_messages', 'warning', true);
  end if;
  return greatest(clock_timestamp(), store.recorded_floor);
end
$$;

-- Appends to one stream or several. With in_atomic false, each stream stands for itself: a refused one writes nothing
-- and does not disturb the others. With in_atomic true the caller must undo everything unless every stream returns a
-- row with applied = true; append_atomic does that.
--
-- One element a stream, each stream once, in_tags to in_last_event_ids parallel to in_stream_types:
--   in_expected        the exact version that the stream must have; null: any
--   in_must_exist      the stream must exist
--   in_known_versions  the version from which the writer computed the chain; 0 when it does not know the stream
--   in_known_heads     the chain hash there
--   in_new_heads       the chain hash after the last event, if the stream is still where the writer believes
-- One element an event, in the order of the streams' elements and of the events in each:
--   in_entries         the number of the stream's element, from 1
--   in_offsets         the number of the event within it, from 1
--   in_previous_ids    the id of the event before it in this append; null for the first of its stream
--   in_chain_hashes    used when the stream is where the writer believes; recomputed here otherwise
-- Returns for each stream that was appended to a row with applied = true. If there are fewer than streams, it also
-- returns a row with applied = false for every stream, with the stream's version (0: none) and head, and whether the
-- first event id is stored already (a repetition).
create function {schema}.append_events(
  in_atomic boolean,
  in_stream_types text[],
  in_stream_ids text[],
  in_tags bytea[],
  in_expected bigint[],
  in_must_exist boolean[],
  in_known_versions bigint[],
  in_known_heads bytea[],
  in_new_heads bytea[],
  in_counts int[],
  in_last_event_ids uuid[],
  in_entries int[],
  in_offsets int[],
  in_event_ids uuid[],
  in_previous_ids uuid[],
  in_event_types text[],
  in_schema_versions int[],
  in_occurred_at timestamptz[],
  in_content_digests bytea[],
  in_chain_hashes bytea[],
  in_actors text[],
  in_correlation_ids text[],
  in_metadata bytea[],
  in_payloads bytea[]
) returns table (
  entry int,
  applied boolean,
  version bigint,
  head_hash bytea,
  head_event_id uuid,
  first_position bigint,
  last_position bigint,
  recorded_at timestamptz,
  seen boolean
)
language plpgsql volatile
-- One plan for arrays of any length, made once a session: planning costs more than running.
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  applied_count int;
begin
  return query
  with wanted as materialized (
    select *
    from unnest(in_stream_types, in_stream_ids, in_tags, in_expected, in_must_exist, in_known_versions, in_known_heads,
        in_new_heads, in_counts, in_last_event_ids) with ordinality
      as w (stream_type, stream_id, tag, expected, must_exist, known_version, known_head,
        new_head, event_count, last_event_id, entry)
  ),
  -- Locks, checks and advances every stream in one order, so that two appends never wait for each other. A stream that
  -- fails its check is locked but not changed; one that does not exist and should is not inserted.
  advanced as (
    insert into {schema}.streams as s (stream_type, stream_id, version, head_hash, head_event_id,
      prior_version, prior_hash, expected, created_at)
    select w.stream_type, w.stream_id, w.known_version + w.event_count, w.new_head, w.last_event_id,
      w.known_version, w.known_head, w.expected, clock_timestamp()
    from wanted w
    where (w.known_version = 0 and coalesce(w.expected, 0) = 0 and not w.must_exist)
      -- A scalar subquery: exists() could be planned as a hash over all streams.
      or (select x.stream_key from {schema}.streams x where x.stream_type = w.stream_type and x.stream_id = w.stream_id)
        is not null
    order by w.stream_type, w.stream_id
    on conflict on constraint streams_name_key do update set
      version = s.version + (excluded.version - excluded.prior_version),
      head_hash = case
        when s.version = excluded.prior_version and s.head_hash = excluded.prior_hash then excluded.head_hash
        else (
          select l.links[w.event_count]
          from wanted w, lateral {schema}.chain_links(w.tag, s.version, s.head_hash, (
            select array_agg(d.digest order by d.ordinal)
            from unnest(in_entries, in_content_digests) with ordinality as d (entry, digest, ordinal)
            where d.entry = w.entry)) as l (links)
          where w.stream_type = s.stream_type and w.stream_id = s.stream_id)
      end,
      head_event_id = excluded.head_event_id,
      prior_version = s.version,
      prior_hash = s.head_hash,
      prior_event_id = s.head_event_id,
      expected = excluded.expected
    where (excluded.expected is null or excluded.expected = s.version)
      and not (excluded.expected = s.version and excluded.prior_version = s.version and excluded.prior_hash <>
        s.head_hash)
    returning s.stream_key, s.stream_type, s.stream_id, s.version, s.head_hash, s.prior_version, s.prior_hash,
      s.prior_event_id, s.created_at
  ),
  -- Only now, with every row lock held: hold back the feed at the sequence's value, then draw positions above it.
  in_flight as materialized (
    select {schema}.take_floor() as now
    where (select count(*) from advanced) >= case when in_atomic then cardinality(in_stream_types) else 1 end
  ),
  placed as materialized (
    select a.stream_key, a.stream_type, a.stream_id, a.version, a.head_hash, a.prior_version, a.prior_event_id, w.entry,
      greatest(f.now, a.created_at) as recorded_at,
      case when a.prior_version <> w.known_version or a.prior_hash <> w.known_head then
        {schema}.chain_links(w.tag, a.prior_version, a.prior_hash, (
          select array_agg(d.digest order by d.ordinal)
          from unnest(in_entries, in_content_digests) with ordinality as d (entry, digest, ordinal)
          where d.entry = w.entry))
      end as links
    from in_flight f, advanced a join wanted w on w.stream_type = a.stream_type and w.stream_id = a.stream_id
  ),
  written as (
    insert into {schema}.events (position, stream_key, version, schema_version, occurred_at, recorded_at, event_id,
      previous_event_id, content_digest, chain_hash, stream_type, stream_id, event_type, actor, correlation_id,
      metadata, payload)
    select nextval('{schema}.positions'), o.*
    from (
      select p.stream_key, p.prior_version + v.number, v.schema_version, v.occurred_at, p.recorded_at, v.event_id,
        coalesce(v.previous_id, p.prior_event_id), v.content_digest, coalesce(p.links[v.number], v.chain_hash),
        p.stream_type, p.stream_id, v.event_type, v.actor, v.correlation_id, v.metadata, v.payload
      from placed p
      join unnest(in_entries, in_offsets, in_event_ids, in_previous_ids, in_event_types, in_schema_versions,
          in_occurred_at, in_content_digests, in_chain_hashes, in_actors, in_correlation_ids, in_metadata, in_payloads)
          with ordinality
        as v (entry, number, event_id, previous_id, event_type, schema_version,
          occurred_at, content_digest, chain_hash, actor, correlation_id, metadata, payload, ordinal) on v.entry =
            p.entry
      order by v.ordinal
    ) o
    returning position, stream_key, version, event_id
  ),
  taken as (
    insert into {schema}.event_ids (event_id, stream_key, version)
    select event_id, stream_key, version from written
  )
  select p.entry::int, true, p.version, p.head_hash, null::uuid, w.first_position, w.last_position, p.recorded_at, false
  from placed p
  -- Every row has its counterpart. A full join, because one is never planned as a loop over both sides, whatever the
  -- planner takes the number of rows for.
  full join (
    select stream_key, min(position) as first_position, max(position) as last_position from written group by stream_key
  ) w on w.stream_key = p.stream_key;

  get diagnostics applied_count = row_count;
  if applied_count < cardinality(in_stream_types) then
    -- A later statement with a snapshot of its own: it sees what the locks above waited for.
    return query
    select w.entry::int, false,
      -- A stream that was advanced above, and is to be undone for the others' sake, counts as it was before.
      coalesce(case when s.head_event_id = w.last_event_id then s.prior_version else s.version end, 0),
      case when s.head_event_id = w.last_event_id then s.prior_hash else s.head_hash end,
      case when s.head_event_id = w.last_event_id then s.prior_event_id else s.head_event_id end, null::bigint,
        null::bigint, null::timestamptz,
      exists (select from {schema}.event_ids i
        join unnest(in_entries, in_offsets, in_event_ids) as v (entry, number, event_id) on v.event_id = i.event_id
        where v.entry = w.entry)
    from unnest(in_stream_types, in_stream_ids, in_last_event_ids) with ordinality
      as w (stream_type, stream_id, last_event_id, entry)
    left join {schema}.streams s on s.stream_type = w.stream_type and s.stream_id = w.stream_id;
  end if;
end
$$;
