-- Appending to one stream: what append_events does, without the machinery for several. Parameters as there, one element
-- of each stream parameter as a scalar; the event parameters are parallel arrays of one element an event. applied =
-- false: refused, with the stream's version (0: none), head, and whether an event id is stored already.
create function {schema}.append_stream(
  in_stream_type text,
  in_stream_id text,
  in_tag bytea,
  in_expected bigint,
  in_must_exist boolean,
  in_known_version bigint,
  in_known_head bytea,
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
  in_payloads bytea[],
  out applied boolean,
  out version bigint,
  out head_hash bytea,
  out first_position bigint,
  out last_position bigint,
  out recorded_at timestamptz,
  out seen boolean
)
language plpgsql volatile
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  event_count constant int := cardinality(in_event_ids);
  stream record;
  links bytea[] := in_chain_hashes;
begin
  -- Lock, check and advance. Past this statement the stream's row is locked, or the append is refused.
  if in_known_version = 0 and coalesce(in_expected, 0) = 0 and not in_must_exist then
    insert into {schema}.streams as s (stream_type, stream_id, version, head_hash, head_event_id,
      prior_version, prior_hash, expected, created_at)
    values (in_stream_type, in_stream_id, event_count, in_chain_hashes[event_count], in_event_ids[event_count],
      0, in_known_head, in_expected, clock_timestamp())
    on conflict on constraint streams_name_key do update set
      version = s.version + event_count,
      head_hash = ({schema}.chain_links(in_tag, s.version, s.head_hash, in_content_digests))[event_count],
      head_event_id = excluded.head_event_id,
      prior_version = s.version,
      prior_hash = s.head_hash,
      prior_event_id = s.head_event_id,
      expected = excluded.expected
    where in_expected is null
    returning s.stream_key, s.version, s.head_hash, s.prior_version, s.prior_hash, s.prior_event_id, s.created_at into
      stream;
  else
    update {schema}.streams as s set
      version = s.version + event_count,
      head_hash = case
        when s.version = in_known_version and s.head_hash = in_known_head then in_chain_hashes[event_count]
        else ({schema}.chain_links(in_tag, s.version, s.head_hash, in_content_digests))[event_count]
      end,
      head_event_id = in_event_ids[event_count],
      prior_version = s.version,
      prior_hash = s.head_hash,
      prior_event_id = s.head_event_id,
      expected = in_expected
    where s.stream_type = in_stream_type and s.stream_id = in_stream_id
      and (in_expected is null
        or in_expected = s.version and (in_known_version <> s.version or s.head_hash = in_known_head))
    returning s.stream_key, s.version, s.head_hash, s.prior_version, s.prior_hash, s.prior_event_id, s.created_at into
      stream;
  end if;

  if stream.stream_key is null then
    applied := false;
    select s.version, s.head_hash into version, head_hash
    from {schema}.streams s where s.stream_type = in_stream_type and s.stream_id = in_stream_id;
    version := coalesce(version, 0);
    seen := exists (select from {schema}.event_ids i where i.event_id = any (in_event_ids));
    return;
  end if;

  if stream.prior_version <> in_known_version or stream.prior_hash <> in_known_head then
    links := {schema}.chain_links(in_tag, stream.prior_version, stream.prior_hash, in_content_digests);
  end if;

  -- Only now, with the row locked: hold back the feed at the sequence's value, then draw positions above it.
  recorded_at := greatest({schema}.take_floor(), stream.created_at);

  if event_count = 1 then
    insert into {schema}.events (position, stream_key, version, schema_version, occurred_at, recorded_at, event_id,
      previous_event_id, content_digest, chain_hash, stream_type, stream_id, event_type, actor, correlation_id,
      metadata, payload)
    values (nextval('{schema}.positions'), stream.stream_key, stream.version, in_schema_versions[1], in_occurred_at[1],
      recorded_at, in_event_ids[1], stream.prior_event_id, in_content_digests[1], links[1], in_stream_type,
        in_stream_id,
      in_event_types[1], in_actors[1], in_correlation_ids[1], in_metadata[1], in_payloads[1])
    returning position into first_position;
    last_position := first_position;
    insert into {schema}.event_ids (event_id, stream_key, version)
    values (in_event_ids[1], stream.stream_key, stream.version);
  else
    with written as (
      insert into {schema}.events (position, stream_key, version, schema_version, occurred_at, recorded_at, event_id,
        previous_event_id, content_digest, chain_hash, stream_type, stream_id, event_type, actor, correlation_id,
        metadata, payload)
      select nextval('{schema}.positions'), stream.stream_key, stream.prior_version + v.number, v.schema_version,
        v.occurred_at, recorded_at, v.event_id, coalesce(v.previous_id, stream.prior_event_id), v.content_digest,
        v.chain_hash, in_stream_type, in_stream_id, v.event_type, v.actor, v.correlation_id, v.metadata, v.payload
      from unnest(in_event_ids, in_previous_ids, in_event_types, in_schema_versions, in_occurred_at, in_content_digests,
          links, in_actors, in_correlation_ids, in_metadata, in_payloads) with ordinality
        as v (event_id, previous_id, event_type, schema_version, occurred_at, content_digest,
          chain_hash, actor, correlation_id, metadata, payload, number)
      returning position, event_id, version
    ), taken as (
      insert into {schema}.event_ids (event_id, stream_key, version)
      select w.event_id, stream.stream_key, w.version from written w
    )
    select min(w.position), max(w.position) into first_position, last_position from written w;
  end if;

  applied := true;
  version := stream.version;
  head_hash := stream.head_hash;
  seen := false;
end
$$;
