-- All or nothing, and the form for people and other languages.

-- Parameters and result as append_events with in_atomic true, but self-contained: unless every stream can be appended
-- to, nothing is, and the transaction that this is called in stays usable. An event id that is taken gives rows with
-- seen = true.
create function {schema}.append_atomic(
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
language plpgsql volatile as $$
#variable_conflict use_column
declare
  outcome record;
  outcomes jsonb[] := '{}';
  refused boolean := false;
  taken_constraint text;
begin
  begin
    for outcome in
      select * from {schema}.append_events(true, in_stream_types, in_stream_ids, in_tags, in_expected, in_must_exist,
        in_known_versions, in_known_heads, in_new_heads, in_counts, in_last_event_ids, in_entries, in_offsets,
        in_event_ids, in_previous_ids, in_event_types, in_schema_versions, in_occurred_at, in_content_digests,
        in_chain_hashes, in_actors, in_correlation_ids, in_metadata, in_payloads)
    loop
      outcomes := outcomes || to_jsonb(outcome);
      refused := refused or not outcome.applied;
    end loop;
    if refused then
      raise exception 'refused' using errcode = 'ES409';
    end if;
  exception
    when sqlstate 'ES409' then
      null; -- What was written is undone; what was learnt is kept in outcomes.
    when unique_violation then
      get stacked diagnostics taken_constraint = constraint_name;
      if taken_constraint <> 'event_ids_pkey' then
        raise;
      end if;
      outcomes := array(
        select jsonb_build_object('entry', w.entry, 'applied', false, 'version', 0, 'seen', true)
        from generate_subscripts(in_stream_types, 1) as w (entry));
  end;

  return query
  select (o ->> 'entry')::int, (o ->> 'applied')::boolean, (o ->> 'version')::bigint, (o ->> 'head_hash')::bytea,
    (o ->> 'head_event_id')::uuid, (o ->> 'first_position')::bigint, (o ->> 'last_position')::bigint,
    (o ->> 'recorded_at')::timestamptz, (o ->> 'seen')::boolean
  from unnest(outcomes) as o;
end
$$;

-- A length (4 bytes, big-endian) and the bytes: one field of a digest.
create function {schema}.digest_field(in_bytes bytea) returns bytea
language sql immutable strict parallel safe as $$
  select int4send(octet_length(in_bytes)) || in_bytes
$$;

-- The digest of an event's content, version 1; see the README of K1s0.EventStore for the layout.
create function {schema}.content_digest(
  in_event_id uuid,
  in_stream_type text,
  in_stream_id text,
  in_event_type text,
  in_schema_version int,
  in_occurred_at timestamptz,
  in_metadata bytea,
  in_payload bytea
) returns bytea
language sql immutable strict parallel safe as $$
  select sha256(
    {schema}.digest_field(convert_to('k1s0-event-content/1', 'UTF8'))
    || {schema}.digest_field(uuid_send(in_event_id))
    || {schema}.digest_field(convert_to(in_stream_type, 'UTF8'))
    || {schema}.digest_field(convert_to(in_stream_id, 'UTF8'))
    || {schema}.digest_field(convert_to(in_event_type, 'UTF8'))
    || {schema}.digest_field(int4send(in_schema_version))
    || {schema}.digest_field(int8send((extract(epoch from in_occurred_at) * 1000000)::bigint))
    || {schema}.digest_field(sha256(in_metadata))
    || {schema}.digest_field(sha256(in_payload)))
$$;

create function {schema}.stream_tag(in_stream_type text, in_stream_id text) returns bytea
language sql immutable strict parallel safe as $$
  select sha256(
    convert_to('k1s0-stream-tag/1', 'UTF8')
    || {schema}.digest_field(convert_to(in_stream_type, 'UTF8'))
    || {schema}.digest_field(convert_to(in_stream_id, 'UTF8')))
$$;

create function {schema}.stream_root(in_tag bytea) returns bytea
language sql immutable strict parallel safe as $$
  select sha256(convert_to('k1s0-stream-root/1', 'UTF8') || in_tag)
$$;

-- Whether a name can be kept: 1 to in_max_bytes bytes, no control characters (whatever the locale of the database
-- says).
create function {schema}.is_name(in_name text, in_max_bytes int) returns boolean
language sql immutable parallel safe as $$
  select coalesce(
    in_name <> '' and octet_length(convert_to(in_name, 'UTF8')) <= in_max_bytes
      and in_name !~ '[\u0001-\u001f\u007f-\u009f]',
    false)
$$;

-- Whether a text is JSON of at most in_max_bytes bytes and at most 1,000 levels, which is what every reader can parse.
create function {schema}.is_json(in_text text, in_max_bytes int) returns boolean
language plpgsql immutable parallel safe as $$
begin
  if in_text is null or octet_length(in_text) > in_max_bytes then
    return false;
  end if;

  perform in_text::json;
  -- Few brackets cannot be deep. Otherwise: without what stands in quotes, the running sum of brackets is the depth.
  return length(in_text) - length(translate(in_text, '[{', '')) <= 1000 or (
    select max(d.depth) <= 1000
    from (
      select sum(case when c.sign in ('[', '{') then 1 when c.sign in (']', '}') then -1 else 0 end) over (order by
        c.place)
      from regexp_split_to_table(regexp_replace(in_text,
        '"(\\.|[^"\\])*"', '', 'g'), '') with ordinality as c (sign, place)
    ) as d (depth));
exception
  when invalid_text_representation or statement_too_complex then
    return false;
end
$$;

-- The copy of a member of the metadata in its index column: only text, not too long for an index.
create function {schema}.indexed_member(in_metadata text, in_name text) returns text
language plpgsql immutable parallel safe as $$
declare
  members constant json := in_metadata::json;
  member text;
begin
  if json_typeof(members) = 'object' and json_typeof(members -> in_name) = 'string' then
    member := members ->> in_name;
  end if;
  return case when length(member) between 1 and 500 then member end;
exception
  when untranslatable_character or invalid_text_representation then
    -- Legal JSON may escape U+0000 or a lone surrogate, which is no text: the bytes are kept, the member is not
    -- indexed.
    return null;
end
$$;

-- Appends one event and returns its version. expected_version: null for any, 0 when the stream must not exist, n when
-- it must hold exactly n events. Repeating a call with the same event_id and content returns the same version. Errors:
--   ES409  the stream is at another version
--   ES410  the event id is stored already, and its event is in the archive: nothing is appended
--   ES422  the event cannot be kept: no JSON or too deep, an empty or over-long name, a value that is missing or out
--   of its
--          range, an id that is taken by another event
create function {schema}.append_event(
  stream_type text,
  stream_id text,
  expected_version bigint,
  event_type text,
  payload text,
  metadata text default '{}',
  event_id uuid default gen_random_uuid(),
  occurred_at timestamptz default clock_timestamp(),
  schema_version int default 1
) returns bigint
language plpgsql volatile as $$
#variable_conflict use_variable
declare
  payload_bytes constant bytea := convert_to(payload, 'UTF8');
  metadata_bytes constant bytea := convert_to(metadata, 'UTF8');
  digest bytea;
  tag constant bytea := {schema}.stream_tag(stream_type, stream_id);
  root constant bytea := {schema}.stream_root(tag);
  first_link bytea;
  outcome record;
  stored record;
begin
  if not {schema}.is_name(stream_type, 255) or not {schema}.is_name(stream_id, 500) or not {schema}.is_name(event_type,
    255) then
    raise exception 'a name is missing, empty, too long or has control characters' using errcode = 'ES422';
  end if;
  if not {schema}.is_json(payload, 64 * 1024 * 1024) or not {schema}.is_json(metadata, 1024 * 1024) then
    raise exception 'payload and metadata must be JSON, at most 64 MiB and 1 MiB, at most 1,000 levels deep'
      using errcode = 'ES422';
  end if;
  if event_id is null or event_id = '00000000-0000-0000-0000-000000000000'
    or occurred_at is null or occurred_at < '0001-01-02 00:00:00+00' or occurred_at >= '9999-01-01 00:00:00+00'
    or schema_version is null or schema_version < 1 or expected_version < 0
  then
    raise exception 'an id, a time or a version is missing, empty or out of its range' using errcode = 'ES422';
  end if;

  digest := {schema}.content_digest(event_id, stream_type, stream_id, event_type, schema_version, occurred_at,
    metadata_bytes, payload_bytes);
  first_link := ({schema}.chain_links(tag, 0, root, array[digest]))[1];
  select * into strict outcome from {schema}.append_atomic(
    array[stream_type], array[stream_id], array[tag], array[expected_version], array[false], array[0::bigint],
      array[root],
    array[first_link], array[1], array[event_id], array[1], array[1], array[event_id], array[null::uuid],
    array[event_type], array[schema_version], array[occurred_at], array[digest], array[first_link],
    array[{schema}.indexed_member(metadata, 'actor')], array[{schema}.indexed_member(metadata, 'correlationId')],
    array[metadata_bytes], array[payload_bytes]);
  if outcome.applied then
    return outcome.version;
  end if;

  if outcome.seen then
    select * into stored from {schema}.stored_events(array[event_id]);
    if not found then
      -- Ids stay when a month leaves, contents do not: whether it is the same event only the archive knows.
      raise exception 'event id % is stored already, and its event is in the archive', event_id
        using errcode = 'ES410', column = (select s.pruned_bound from {schema}.store s)::text,
        hint = 'Read it there; it was appended once and is not appended again.';
    end if;
    if stored.content_digest = digest then
      return stored.version;
    end if;
    raise exception 'event id % is stored already with other content', event_id using errcode = 'ES422';
  end if;

  raise exception 'stream %-% is at version %, not %', stream_type, stream_id, outcome.version, expected_version
    using errcode = 'ES409';
end
$$;

-- Where events with these ids are. A repeated append asks this; the transactional message makes the answer as durable
-- as a write is, also where commits wait for a standby: the commit of this call waits behind the commit that stored the
-- events.
create function {schema}.stored_events(in_event_ids uuid[]) returns table (
  event_id uuid,
  stream_type text,
  stream_id text,
  version bigint,
  "position" bigint,
  recorded_at timestamptz,
  content_digest bytea
)
language plpgsql volatile as $$
#variable_conflict use_column
begin
  if current_setting('client_min_messages') = 'error' then
    perform set_config('client_min_messages', 'warning', true); -- As in take_floor.
  end if;

  perform pg_logical_emit_message(true, 'k1s0_event_store', '');
  return query
  select i.event_id, e.stream_type, e.stream_id, e.version, e.position, e.recorded_at, e.content_digest
  from {schema}.event_ids i
  join {schema}.events e on e.stream_key = i.stream_key and e.version = i.version
  where i.event_id = any (in_event_ids);
end
$$;
