-- The books of the archive: which batches there are, how far each has come, and up to which position events are read
-- from them. Everything here is written under the lease 'archive' and carries its epoch.

-- Every event up to pruned_bound is read from the archive, and every event behind it from the database. It moves in the
-- transaction in which a month leaves.
alter table {schema}.store add column pruned_bound bigint not null default 0;
-- How long a month stays in the database after its end, at least.
alter table {schema}.store add column minimum_retention interval not null default '0';

create table {schema}.batches (
  last_position bigint not null,
  -- The last position of the batch before: nothing lies between there and the first event.
  after_position bigint not null,
  first_position bigint not null,
  event_count bigint not null,
  earliest timestamptz not null,
  latest timestamptz not null,
  content_bytes bigint not null,
  state text not null,
  -- The number of the last attempt to store it; part of the key of its object.
  attempt int not null default 0,
  object_key text,
  stored_bytes bigint,
  object_digest bytea,
  index_digest bytea,
  events_digest bytea,
  failure text,
  -- The epoch of the lease under which the row was last written.
  epoch bigint not null,
  planned_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  constraint batches_pkey primary key (last_position),
  constraint batches_after_key unique (after_position),
  constraint batches_place check (after_position >= 0 and first_position > after_position
    and event_count between 1 and last_position - first_position + 1),
  constraint batches_times check (earliest <= latest),
  constraint batches_state check (
    state in ('planned', 'uploading', 'uploaded', 'verified', 'listed', 'prunable', 'pruned')),
  constraint batches_object check (state in ('planned', 'uploading')
    or (attempt > 0 and object_key is not null and stored_bytes > 0 and octet_length(object_digest) = 32
      and octet_length(index_digest) = 32)),
  constraint batches_verified check (state in ('planned', 'uploading', 'uploaded')
    or coalesce(octet_length(events_digest), 0) = 32)
);

create index batches_open_idx on {schema}.batches (last_position)
  where state in ('planned', 'uploading', 'uploaded', 'verified');

-- What a batch has of a month: what is compared with the month before it leaves.
create table {schema}.batch_months (
  last_position bigint not null,
  month timestamptz not null,
  event_count bigint not null,
  first_in_month bigint not null,
  last_in_month bigint not null,
  digest bytea not null,
  constraint batch_months_pkey primary key (last_position, month),
  constraint batch_months_batch_fkey foreign key (last_position) references {schema}.batches (last_position)
);

create index batch_months_month_idx on {schema}.batch_months (month, last_position);

-- Which streams a batch has, and which of their versions. A batch that was replaced goes on in the first one that ends
-- where it did or behind, so nothing changes here.
create table {schema}.archived_streams (
  stream_key bigint not null,
  last_version bigint not null,
  first_version bigint not null,
  batch_last_position bigint not null,
  constraint archived_streams_pkey primary key (stream_key, last_version),
  constraint archived_streams_versions check (first_version between 1 and last_version)
);

create table {schema}.archive_manifests (
  number bigint not null,
  digest bytea not null,
  -- All batches up to this position are listed by it.
  through_position bigint not null,
  -- The bytes, as long as it is not known to be put.
  content bytea,
  epoch bigint not null,
  planned_at timestamptz not null default clock_timestamp(),
  listed_at timestamptz,
  constraint archive_manifests_pkey primary key (number),
  constraint archive_manifests_number check (number > 0),
  constraint archive_manifests_digest check (octet_length(digest) = 32),
  constraint archive_manifests_content check ((content is null) = (listed_at is not null))
);

-- Batches that come in the place of others when their manifests are listed; kept, to tell where batches came from.
create table {schema}.batch_replacements (
  manifest_number bigint not null,
  after_position bigint not null,
  first_position bigint not null,
  last_position bigint not null,
  event_count bigint not null,
  earliest timestamptz not null,
  latest timestamptz not null,
  content_bytes bigint not null,
  object_key text not null,
  stored_bytes bigint not null,
  object_digest bytea not null,
  index_digest bytea not null,
  events_digest bytea not null,
  -- What it has of each month: one element a month.
  months timestamptz[] not null,
  month_counts bigint[] not null,
  month_firsts bigint[] not null,
  month_lasts bigint[] not null,
  month_digests bytea[] not null,
  constraint batch_replacements_pkey primary key (manifest_number),
  constraint batch_replacements_manifest_fkey foreign key (manifest_number)
    references {schema}.archive_manifests (number)
);

create table {schema}.archive_holds (
  hold_id uuid not null,
  reason text not null,
  from_position bigint,
  to_position bigint,
  stream_type text collate "C",
  stream_id text collate "C",
  placed_by text not null,
  placed_at timestamptz not null default clock_timestamp(),
  released_by text,
  released_at timestamptz,
  constraint archive_holds_pkey primary key (hold_id)
);

create function {schema}.refuse_archive_change() returns trigger
language plpgsql as $$
begin
  raise exception '% on %.% is refused: the books of the archive only go forward', tg_op, tg_table_schema, tg_table_name
    using errcode = 'ES403';
end
$$;

create trigger store_pruned_forward_only before update on {schema}.store
  for each row when (new.pruned_bound < old.pruned_bound) execute function {schema}.refuse_archive_change();
create trigger batches_forward_only before update on {schema}.batches
  for each row
  when (new.last_position <> old.last_position or new.after_position <> old.after_position
    or new.first_position <> old.first_position or new.event_count <> old.event_count or new.attempt < old.attempt
    or (old.state in ('verified', 'listed', 'prunable', 'pruned')
      and (new.object_key <> old.object_key or new.object_digest <> old.object_digest
        or new.index_digest <> old.index_digest or new.events_digest <> old.events_digest
        or array_position(array['verified', 'listed', 'prunable', 'pruned'], new.state) is null
        or array_position(array['verified', 'listed', 'prunable', 'pruned'], new.state)
          < array_position(array['verified', 'listed', 'prunable', 'pruned'], old.state))))
  execute function {schema}.refuse_archive_change();
create trigger batches_no_truncate before truncate on {schema}.batches
  for each statement execute function {schema}.refuse_archive_change();
create trigger archived_streams_append_only before update or delete on {schema}.archived_streams
  for each row execute function {schema}.refuse_archive_change();
create trigger archived_streams_no_truncate before truncate on {schema}.archived_streams
  for each statement execute function {schema}.refuse_archive_change();

-- True; or refused. In an older snapshot what was committed since would be overlooked, whatever is counted or hashed.
create function {schema}.reads_committed() returns boolean
language plpgsql as $$
begin
  if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
    raise exception
      'what the archive borders on is read at isolation level read committed only: an older snapshot would miss events'
      using errcode = '25001';
  end if;

  return true;
end
$$;

-- Reading. A statement that would find nothing where events have left the database says so instead.

create function {schema}.refuse_archived(in_bound bigint) returns bigint
language plpgsql as $$
begin
  -- The bound stands in a field of its own, for programs.
  raise exception 'events up to position % are in the archive', in_bound using errcode = 'ES410',
    column = in_bound::text, hint = 'Read them from the archive.';
end
$$;

-- True; or refused, when versions of the range are in the archive.
create function {schema}.has_all_versions(in_bound bigint, in_type text, in_id text, in_from bigint, in_to bigint)
returns boolean
language plpgsql stable as $$
begin
  if exists (
    select from {schema}.archived_streams a
    where a.stream_key = (
        select s.stream_key from {schema}.streams s where s.stream_type = in_type and s.stream_id = in_id)
      and a.last_version >= in_from and a.first_version <= in_to and a.batch_last_position <= in_bound) then
    perform {schema}.refuse_archived(in_bound);
  end if;

  return true;
end
$$;

-- As before, for events wherever they are. Of a batch that lies there only in part, the books do not say how many of
-- its events do: every number that it can be will do.
create or replace function {schema}.has_settled(in_after bigint, in_last bigint, in_count bigint) returns boolean
language sql volatile as $$
  select in_count - stored.events between archived.least and archived.most
  from {schema}.store s
  cross join lateral (
    select count(*) as events from {schema}.events e
    where e.position > greatest(in_after, s.pruned_bound) and e.position <= in_last) stored
  cross join lateral (
    select coalesce(sum(b.event_count) filter (where b.after_position >= in_after and b.last_position <= in_last), 0)
        as least,
      coalesce(sum(b.event_count), 0) as most
    from {schema}.batches b
    where b.last_position > in_after and b.first_position <= in_last and b.last_position <= s.pruned_bound) archived
$$;

-- For other languages: what is in the archive is refused, not skipped.

create or replace function {schema}.read_feed(in_after bigint, in_max_count int default 1000)
returns table (
  "position" bigint,
  stream_type text,
  stream_id text,
  version bigint,
  event_id uuid,
  event_type text,
  schema_version int,
  occurred_at timestamptz,
  recorded_at timestamptz,
  metadata text,
  payload text,
  chain_hash bytea
)
language plpgsql volatile as $$
#variable_conflict use_column
declare
  final_bound bigint;
begin
  perform {schema}.reads_committed();
  select s.bound into strict final_bound from {schema}.settled_bound() s;
  return query
  select e.position, e.stream_type, e.stream_id, e.version, e.event_id, e.event_type, e.schema_version, e.occurred_at,
    e.recorded_at, convert_from(e.metadata, 'UTF8'), convert_from(e.payload, 'UTF8'), e.chain_hash
  from {schema}.events e
  where e.position > in_after and e.position <= final_bound
  order by e.position
  limit in_max_count;

  -- In a statement behind, so that no month can have left before the events were read and be overlooked here.
  if in_after < (select s.pruned_bound from {schema}.store s) then
    perform {schema}.refuse_archived((select s.pruned_bound from {schema}.store s));
  end if;
end
$$;

-- Volatile: its snapshot is taken when the partitions are locked, and sees the bound that belongs to them. One that was
-- taken before would not: it is refused.
create or replace function {schema}.read_stream(
  in_stream_type text, in_stream_id text, in_from_version bigint default 1)
returns table (
  version bigint,
  "position" bigint,
  event_id uuid,
  event_type text,
  schema_version int,
  occurred_at timestamptz,
  recorded_at timestamptz,
  metadata text,
  payload text,
  chain_hash bytea
)
language sql volatile as $$
  select e.version, e.position, e.event_id, e.event_type, e.schema_version, e.occurred_at, e.recorded_at,
    convert_from(e.metadata, 'UTF8'), convert_from(e.payload, 'UTF8'), e.chain_hash
  from {schema}.events e
  where e.stream_key = (
      select s.stream_key from {schema}.streams s where s.stream_type = in_stream_type and s.stream_id = in_stream_id)
    and e.version >= in_from_version
    and (
      select case
          when {schema}.reads_committed() and s.pruned_bound > 0
            then {schema}.has_all_versions(s.pruned_bound, in_stream_type, in_stream_id, in_from_version,
              9223372036854775807)
          else true
        end
      from {schema}.store s)
  order by e.version
$$;

-- Writing.

-- Whether the lease counts; its row stays locked until the transaction ends, so that the next leader begins when what
-- is written here is there or will never be.
create function {schema}.holds_archive(in_epoch bigint) returns boolean
language plpgsql as $$
begin
  -- A session that does not want to hear warnings would take an unconfirmed commit for a confirmed one.
  if current_setting('client_min_messages') = 'error' then
    perform set_config('client_min_messages', 'warning', true);
  end if;

  perform from {schema}.leases l
  where l.lease_name = 'archive' and l.epoch = in_epoch and l.expires_at > clock_timestamp()
  for no key update;
  return found;
end
$$;

-- The functions below return 'done', 'fenced' when the lease does not count, or why they did nothing. They run as the
-- owner: an archiver writes the books by them and by nothing else.

create function {schema}.plan_batch(
  in_epoch bigint,
  in_after bigint,
  in_first bigint,
  in_last bigint,
  in_count bigint,
  in_earliest timestamptz,
  in_latest timestamptz,
  in_content_bytes bigint,
  out outcome text,
  out detail text
)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  stored record;
begin
  perform {schema}.reads_committed();
  if not {schema}.holds_archive(in_epoch) then
    outcome := 'fenced';
    return;
  end if;

  if in_after <> coalesce((select max(b.last_position) from {schema}.batches b), 0) then
    outcome := 'moved';
    detail := format('The last batch does not end at position %s.', in_after);
    return;
  end if;

  select count(*) as events, min(e.position) as first, max(e.position) as last, min(e.recorded_at) as earliest,
    max(e.recorded_at) as latest
  into stored
  from {schema}.events e where e.position > in_after and e.position <= in_last;
  if (stored.events, stored.first, stored.last, stored.earliest, stored.latest)
    is distinct from (in_count, in_first, in_last, in_earliest, in_latest) then
    outcome := 'changed';
    detail := format('The database has %s events behind %s up to %s, not %s.', stored.events, in_after, in_last,
      in_count);
    return;
  end if;

  insert into {schema}.batches (last_position, after_position, first_position, event_count, earliest, latest,
    content_bytes, state, epoch)
  values (in_last, in_after, in_first, in_count, in_earliest, in_latest, in_content_bytes, 'planned', in_epoch);
  outcome := 'done';
end
$$;

create function {schema}.begin_upload(
  in_epoch bigint, in_last bigint, out outcome text, out detail text, out attempt int)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  drawn int;
begin
  if not {schema}.holds_archive(in_epoch) then
    outcome := 'fenced';
    return;
  end if;

  update {schema}.batches b
  set state = 'uploading', attempt = b.attempt + 1, object_key = null, stored_bytes = null, object_digest = null,
    index_digest = null, epoch = in_epoch, updated_at = clock_timestamp()
  where b.last_position = in_last and b.state in ('planned', 'uploading', 'uploaded')
  returning b.attempt into drawn;
  attempt := drawn;
  outcome := case when drawn is null then 'moved' else 'done' end;
  detail := format('There is no batch to be stored that ends at position %s.', in_last);
end
$$;

create function {schema}.finish_upload(
  in_epoch bigint,
  in_last bigint,
  in_attempt int,
  in_key text,
  in_bytes bigint,
  in_digest bytea,
  in_index_digest bytea,
  out outcome text,
  out detail text
)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not {schema}.holds_archive(in_epoch) then
    outcome := 'fenced';
    return;
  end if;

  update {schema}.batches b
  set state = 'uploaded', object_key = in_key, stored_bytes = in_bytes, object_digest = in_digest,
    index_digest = in_index_digest, failure = null, epoch = in_epoch, updated_at = clock_timestamp()
  where b.last_position = in_last and b.state = 'uploading' and b.attempt = in_attempt;
  outcome := case when found then 'done' else 'moved' end;
  detail := format('Attempt %s at the batch that ends at position %s is not under way.', in_attempt, in_last);
end
$$;

create function {schema}.fail_upload(
  in_epoch bigint, in_last bigint, in_attempt int, in_reason text, out outcome text, out detail text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not {schema}.holds_archive(in_epoch) then
    outcome := 'fenced';
    return;
  end if;

  update {schema}.batches b
  set state = 'planned', object_key = null, stored_bytes = null, object_digest = null, index_digest = null,
    failure = in_reason, epoch = in_epoch, updated_at = clock_timestamp()
  where b.last_position = in_last and b.state in ('uploading', 'uploaded') and b.attempt = in_attempt;
  outcome := case when found then 'done' else 'moved' end;
  detail := format('Attempt %s at the batch that ends at position %s is not the last one.', in_attempt, in_last);
end
$$;

-- What an event is in the digest of a run; see EventRunDigest. The content is hashed anew.
create function {schema}.run_record(in_event {schema}.events) returns bytea
language sql immutable parallel safe as $$
  select int8send(in_event.position) || int8send(in_event.version)
    || int8send((extract(epoch from in_event.recorded_at) * 1000000)::bigint)
    || {schema}.content_digest(in_event.event_id, in_event.stream_type, in_event.stream_id, in_event.event_type,
      in_event.schema_version, in_event.occurred_at, in_event.metadata, in_event.payload)
    || in_event.chain_hash
    || coalesce(uuid_send(in_event.previous_event_id), '\x00000000000000000000000000000000'::bytea)
$$;

-- What the database has of a range, by month.
create function {schema}.month_digests(in_after bigint, in_last bigint)
returns table (month timestamptz, event_count bigint, first_in_month bigint, last_in_month bigint, digest bytea)
language sql volatile as $$
  select date_trunc('month', e.recorded_at, 'UTC'), count(*), min(e.position), max(e.position),
    sha256('k1s0-event-run/1'::bytea || string_agg({schema}.run_record(e), ''::bytea order by e.position))
  from {schema}.events e
  where e.position > in_after and e.position <= in_last
  group by date_trunc('month', e.recorded_at, 'UTC')
$$;

create function {schema}.verify_batch(
  in_epoch bigint,
  in_last bigint,
  in_attempt int,
  in_events_digest bytea,
  in_months timestamptz[],
  in_counts bigint[],
  in_firsts bigint[],
  in_lasts bigint[],
  in_digests bytea[],
  out outcome text,
  out detail text
)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  batch record;
begin
  perform {schema}.reads_committed();
  if not {schema}.holds_archive(in_epoch) then
    outcome := 'fenced';
    return;
  end if;

  select b.after_position, b.last_position into batch
  from {schema}.batches b
  where b.last_position = in_last and b.state = 'uploaded' and b.attempt = in_attempt
  for update;
  if not found then
    outcome := 'moved';
    detail := format('Attempt %s at the batch that ends at position %s is not the last one.', in_attempt, in_last);
    return;
  end if;

  select string_agg(distinct to_char(coalesce(h.month, w.month) at time zone 'UTC', 'YYYY-MM'), ', ') into detail
  from {schema}.month_digests(batch.after_position, batch.last_position) h
  full join unnest(in_months, in_counts, in_firsts, in_lasts, in_digests)
    as w (month, event_count, first_in_month, last_in_month, digest) on w.month = h.month
  where (h.event_count, h.first_in_month, h.last_in_month, h.digest)
    is distinct from (w.event_count, w.first_in_month, w.last_in_month, w.digest);
  if detail is not null then
    outcome := 'changed';
    detail := format('The object of the batch that ends at position %s has other events of %s than the database.',
      in_last, detail);
    return;
  end if;

  insert into {schema}.batch_months (last_position, month, event_count, first_in_month, last_in_month, digest)
  select in_last, w.*
  from unnest(in_months, in_counts, in_firsts, in_lasts, in_digests) as w;

  insert into {schema}.archived_streams (stream_key, last_version, first_version, batch_last_position)
  select e.stream_key, max(e.version), min(e.version), in_last
  from {schema}.events e
  where e.position > batch.after_position and e.position <= batch.last_position
  group by e.stream_key;

  update {schema}.batches b
  set state = 'verified', events_digest = in_events_digest, epoch = in_epoch, updated_at = clock_timestamp()
  where b.last_position = in_last;
  outcome := 'done';
end
$$;

-- Whether a manifest comes behind the last one, which is listed. Books without a manifest take up any one: those of a
-- store that was rebuilt from the bucket.
create function {schema}.continues_manifests(in_number bigint, in_previous bytea) returns boolean
language sql stable as $$
  select coalesce(
    (select m.number = in_number - 1 and m.listed_at is not null and m.digest is not distinct from in_previous
      from {schema}.archive_manifests m order by m.number desc limit 1),
    in_number = 1 or in_previous is not null)
$$;

create function {schema}.plan_manifest(
  in_epoch bigint,
  in_number bigint,
  in_digest bytea,
  in_previous bytea,
  in_through bigint,
  in_content bytea,
  out outcome text,
  out detail text
)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not {schema}.holds_archive(in_epoch) then
    outcome := 'fenced';
    return;
  end if;

  if not {schema}.continues_manifests(in_number, in_previous) then
    outcome := 'moved';
    detail := format('Manifest %s does not continue the last one.', in_number);
    return;
  end if;

  if exists (
    select from {schema}.batches b
    where b.last_position <= in_through and b.state in ('planned', 'uploading', 'uploaded'))
    or (in_through > 0 and not exists (select from {schema}.batches b where b.last_position = in_through)) then
    outcome := 'moved';
    detail := format('Not every batch up to position %s is verified.', in_through);
    return;
  end if;

  insert into {schema}.archive_manifests (number, digest, through_position, content, epoch)
  values (in_number, in_digest, in_through, in_content, in_epoch);
  outcome := 'done';
end
$$;

-- Gives up a manifest of whose number the bucket has another one: it can never be put. Nobody but the owner may remove
-- a row.
create function {schema}.abandon_manifest(in_epoch bigint, in_number bigint, out outcome text, out detail text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not {schema}.holds_archive(in_epoch) then
    outcome := 'fenced';
    return;
  end if;

  delete from {schema}.batch_replacements r
  using {schema}.archive_manifests m
  where r.manifest_number = in_number and m.number = in_number and m.listed_at is null;
  delete from {schema}.archive_manifests m where m.number = in_number and m.listed_at is null;
  outcome := case when found then 'done' else 'moved' end;
  detail := format('Manifest %s is not waiting to be put.', in_number);
end
$$;

-- Holds a manifest that lists one batch in the place of others. Nothing but the manifest and the batch is written: the
-- books go on with the others until it is listed.
create function {schema}.plan_replacement(
  in_epoch bigint,
  in_number bigint,
  in_digest bytea,
  in_previous bytea,
  in_content bytea,
  in_after bigint,
  in_first bigint,
  in_last bigint,
  in_count bigint,
  in_earliest timestamptz,
  in_latest timestamptz,
  in_content_bytes bigint,
  in_key text,
  in_bytes bigint,
  in_object_digest bytea,
  in_index_digest bytea,
  in_events_digest bytea,
  in_months timestamptz[],
  in_counts bigint[],
  in_firsts bigint[],
  in_lasts bigint[],
  in_digests bytea[],
  in_replaced text[],
  out outcome text,
  out detail text
)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  listed bigint;
  replaced record;
begin
  if not {schema}.holds_archive(in_epoch) then
    outcome := 'fenced';
    return;
  end if;

  select m.through_position into listed from {schema}.archive_manifests m order by m.number desc limit 1;
  if listed is null or not {schema}.continues_manifests(in_number, in_previous) then
    outcome := 'moved';
    detail := format('Manifest %s does not continue the last one.', in_number);
    return;
  end if;

  select min(b.after_position) as after, min(b.first_position) as first, max(b.last_position) as last,
    sum(b.event_count)::bigint as events, min(b.earliest) as earliest, max(b.latest) as latest,
    array_agg(b.object_key order by b.last_position) as keys, count(*) as batches,
    bool_and(b.state in ('listed', 'prunable')) or bool_and(b.state = 'pruned') as may_be_replaced,
    (array_agg(b.events_digest))[1] as events_digest
  into replaced
  from {schema}.batches b
  where b.last_position > in_after and b.after_position < in_last;
  if not coalesce(replaced.may_be_replaced, false) or replaced.keys is distinct from in_replaced
    or (replaced.after, replaced.last) is distinct from (in_after, in_last) then
    outcome := 'moved';
    detail := format('The batches up to position %s are not those that are replaced, or cannot be.', in_last);
    return;
  end if;

  if (replaced.first, replaced.events, replaced.earliest, replaced.latest)
      is distinct from (in_first, in_count, in_earliest, in_latest)
    or (replaced.batches = 1 and replaced.events_digest <> in_events_digest)
    or exists (
      select
      from (
        select m.month, sum(m.event_count)::bigint as event_count, min(m.first_in_month) as first_in_month,
          max(m.last_in_month) as last_in_month,
          case when count(*) = 1 then (array_agg(m.digest))[1] end as digest
        from {schema}.batch_months m
        where m.last_position > in_after and m.last_position <= in_last
        group by m.month
      ) h
      full join unnest(in_months, in_counts, in_firsts, in_lasts, in_digests)
        as w (month, event_count, first_in_month, last_in_month, digest) on w.month = h.month
      where (h.event_count, h.first_in_month, h.last_in_month, coalesce(h.digest, w.digest))
        is distinct from (w.event_count, w.first_in_month, w.last_in_month, w.digest)) then
    outcome := 'changed';
    detail := format('The batch that ends at position %s has other events than those that it replaces.', in_last);
    return;
  end if;

  insert into {schema}.archive_manifests (number, digest, through_position, content, epoch)
  values (in_number, in_digest, listed, in_content, in_epoch);
  insert into {schema}.batch_replacements (manifest_number, after_position, first_position, last_position, event_count,
    earliest, latest, content_bytes, object_key, stored_bytes, object_digest, index_digest, events_digest, months,
    month_counts, month_firsts, month_lasts, month_digests)
  values (in_number, in_after, in_first, in_last, in_count, in_earliest, in_latest, in_content_bytes, in_key, in_bytes,
    in_object_digest, in_index_digest, in_events_digest, in_months, in_counts, in_firsts, in_lasts, in_digests);
  outcome := 'done';
end
$$;

-- A batch takes the place of others, whose rows go: nobody is sent to their objects any more.
create function {schema}.replace_batches(in_epoch bigint, in_replacement {schema}.batch_replacements) returns void
language plpgsql as $$
declare
  replaced record;
begin
  select case when bool_and(b.state = 'pruned') then 'pruned'
      when bool_and(b.state = 'prunable') then 'prunable'
      else 'listed' end as state,
    max(b.attempt) as attempt, min(b.planned_at) as planned_at
  into strict replaced
  from {schema}.batches b
  where b.after_position >= in_replacement.after_position and b.last_position <= in_replacement.last_position;

  delete from {schema}.batch_months m
  where m.last_position > in_replacement.after_position and m.last_position <= in_replacement.last_position;
  delete from {schema}.batches b
  where b.after_position >= in_replacement.after_position and b.last_position <= in_replacement.last_position;
  insert into {schema}.batches (last_position, after_position, first_position, event_count, earliest, latest,
    content_bytes, state, attempt, object_key, stored_bytes, object_digest, index_digest, events_digest, epoch,
    planned_at)
  values (in_replacement.last_position, in_replacement.after_position, in_replacement.first_position,
    in_replacement.event_count, in_replacement.earliest, in_replacement.latest, in_replacement.content_bytes,
    replaced.state, replaced.attempt, in_replacement.object_key, in_replacement.stored_bytes,
    in_replacement.object_digest, in_replacement.index_digest, in_replacement.events_digest, in_epoch,
    replaced.planned_at);
  insert into {schema}.batch_months (last_position, month, event_count, first_in_month, last_in_month, digest)
  select in_replacement.last_position, w.*
  from unnest(in_replacement.months, in_replacement.month_counts, in_replacement.month_firsts,
    in_replacement.month_lasts, in_replacement.month_digests) as w;
end
$$;

create function {schema}.list_manifest(in_epoch bigint, in_number bigint, out outcome text, out detail text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  through bigint;
  replacement {schema}.batch_replacements;
begin
  if not {schema}.holds_archive(in_epoch) then
    outcome := 'fenced';
    return;
  end if;

  update {schema}.archive_manifests m
  set listed_at = clock_timestamp(), content = null
  where m.number = in_number and m.listed_at is null
  returning m.through_position into through;
  if through is null then
    outcome := 'moved';
    detail := format('Manifest %s is not waiting to be put.', in_number);
    return;
  end if;

  select r.* into replacement from {schema}.batch_replacements r where r.manifest_number = in_number;
  if found then
    perform {schema}.replace_batches(in_epoch, replacement);
  else
    update {schema}.batches b
    set state = 'listed', epoch = in_epoch, updated_at = clock_timestamp()
    where b.last_position <= through and b.state = 'verified';
  end if;
  outcome := 'done';
end
$$;

-- The batches with events of a month end here: what the month's leaving makes the bound.
create function {schema}.bound_without(in_month timestamptz) returns bigint
language sql stable as $$
  select greatest(
    (select max(m.last_position) from {schema}.batch_months m where m.month = in_month),
    (select max(e.position) from {schema}.events e
      where e.recorded_at >= in_month
        and e.recorded_at < (in_month at time zone 'UTC' + interval '1 month') at time zone 'UTC'))
$$;

-- What is in the way of a month's leaving, batches aside: one row each.
create function {schema}.archive_obstacles(in_month timestamptz) returns table (outcome text, detail text)
language plpgsql volatile as $$
#variable_conflict use_column
declare
  month_end constant timestamptz := (in_month at time zone 'UTC' + interval '1 month') at time zone 'UTC';
  bound constant bigint := {schema}.bound_without(in_month);
begin
  return query
  select 'retained'::text, format('The month stays until %s.', (month_end + s.minimum_retention) at time zone 'UTC')
  from {schema}.store s
  where month_end + s.minimum_retention > clock_timestamp();

  return query
  select 'behind'::text, format('Subscription "%s" is at position %s, not at %s.', c.consumer, coalesce(c.position, 0),
    bound)
  from {schema}.subscriptions c
  where coalesce(c.position, 0) < bound
  order by c.consumer;

  return query
  select 'held'::text, format('Hold %s lies on it: %s', h.hold_id, h.reason)
  from {schema}.archive_holds h
  where h.released_at is null and exists (
    select from {schema}.events e
    where e.recorded_at >= in_month and e.recorded_at < month_end
      and e.position >= coalesce(h.from_position, 0) and e.position <= coalesce(h.to_position, 9223372036854775807)
      and (h.stream_type is null or e.stream_key = (
        select s.stream_key from {schema}.streams s
        where s.stream_type = h.stream_type and s.stream_id = h.stream_id)))
  order by h.hold_id;

  return query
  -- A store has a ledger from when somebody held its lease, whose row stays.
  select 'unsealed'::text, format('The ledger has sealed up to position %s, not up to %s.',
    coalesce(sealed.position, 0), bound)
  from (select max(h.last_position) as position from {schema}.tree_heads h) sealed
  where coalesce(sealed.position, 0) < bound
    and (sealed.position is not null
      or exists (select from {schema}.leases l where l.lease_name = 'k1s0 ledger'));
end
$$;

-- Runs as the owner: closing a month moves the recorded floor.
create function {schema}.allow_prune(in_epoch bigint, in_month timestamptz, out outcome text, out detail text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  month_end constant timestamptz := (in_month at time zone 'UTC' + interval '1 month') at time zone 'UTC';
  obstacle record;
begin
  perform {schema}.reads_committed();
  if not {schema}.holds_archive(in_epoch) then
    outcome := 'fenced';
    return;
  end if;

  if in_month <> date_trunc('month', in_month, 'UTC') or month_end > clock_timestamp() then
    outcome := 'retained';
    detail := 'Only a whole month that is over can leave.';
    return;
  end if;

  select o.outcome, o.detail into obstacle from {schema}.archive_obstacles(in_month) o limit 1;
  if found then
    outcome := obstacle.outcome;
    detail := obstacle.detail;
    return;
  end if;

  if exists (
    select from {schema}.batch_months m join {schema}.batches b on b.last_position = m.last_position
    where m.month = in_month and b.state not in ('listed', 'prunable', 'pruned'))
    or {schema}.bound_without(in_month)
      > coalesce((select max(m.through_position) from {schema}.archive_manifests m where m.listed_at is not null), 0)
  then
    outcome := 'not_listed';
    detail := 'Not all of the month is listed in the archive.';
    return;
  end if;

  -- Nothing is recorded in the month any more, whatever the clock says.
  update {schema}.store s set recorded_floor = month_end where s.recorded_floor < month_end;
  update {schema}.batches b
  set state = 'prunable', epoch = in_epoch, updated_at = clock_timestamp()
  where b.state = 'listed'
    and b.last_position in (select m.last_position from {schema}.batch_months m where m.month = in_month);
  outcome := 'done';
end
$$;

-- Whether the last step of a month's leaving would get its lock now: asked before a month is hashed, and in a
-- transaction of its own, so that a busy store does not have it hashed for nothing. Runs as the owner.
create function {schema}.can_lock_events(
  in_epoch bigint, in_lock_timeout interval, out outcome text, out detail text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not {schema}.holds_archive(in_epoch) then
    outcome := 'fenced';
    return;
  end if;

  perform set_config('lock_timeout', (extract(epoch from in_lock_timeout) * 1000)::bigint::text, true);
  lock table only {schema}.events in access exclusive mode;
  outcome := 'done';
end
$$;

-- Lets a month leave. Its rows are locked against writers while they are hashed; readers are in the way only of the
-- last step, which waits for them for in_lock_timeout and no longer. Runs as the owner, who alone may drop a partition.
create function {schema}.prune_month(
  in_epoch bigint, in_month timestamptz, in_lock_timeout interval, out outcome text, out detail text, out bound bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  month_end constant timestamptz := (in_month at time zone 'UTC' + interval '1 month') at time zone 'UTC';
  partition_name constant text := 'events_' || to_char(in_month at time zone 'UTC', 'YYYY_MM');
  obstacle record;
begin
  perform {schema}.reads_committed();
  if not {schema}.holds_archive(in_epoch) then
    outcome := 'fenced';
    return;
  end if;

  if in_month <> date_trunc('month', in_month, 'UTC') or not {schema}.has_table(partition_name)
    or (select s.recorded_floor from {schema}.store s) < month_end then
    outcome := 'moved';
    detail := format('Month %s is not there, or may not leave.', partition_name);
    return;
  end if;

  -- Waits for writers that are in the partition, and lets no other in; readers go on. It waits for longer than the rest
  -- does: who waits until deadlocks are looked for stops an autovacuum, and nobody appends to a month that is closed.
  perform set_config('lock_timeout', (extract(epoch from greatest(
    in_lock_timeout, 2 * current_setting('deadlock_timeout')::interval)) * 1000)::bigint::text, true);
  execute format('lock table %I.%I in share mode', {schema_literal}, partition_name);
  perform set_config('lock_timeout', (extract(epoch from in_lock_timeout) * 1000)::bigint::text, true);

  -- Not to hash it for nothing; what counts is asked at the end.
  select o.outcome, o.detail into obstacle from {schema}.archive_obstacles(in_month) o limit 1;
  if found then
    outcome := obstacle.outcome;
    detail := obstacle.detail;
    return;
  end if;

  bound := greatest(
    (select max(m.last_position) from {schema}.batch_months m where m.month = in_month),
    (select s.pruned_bound from {schema}.store s));
  -- A manifest that is not known to be put may be about to replace batches on both sides of the bound.
  if exists (select from {schema}.archive_manifests m where m.listed_at is null)
    or exists (
      select from {schema}.batches b
      where b.last_position <= bound and b.state not in ('listed', 'prunable', 'pruned'))
    or exists (
      select from {schema}.batch_months m join {schema}.batches b on b.last_position = m.last_position
      where m.month = in_month and b.state not in ('prunable', 'pruned')) then
    outcome := 'not_listed';
    detail := 'A batch with events of the month may not leave, or a manifest is not listed yet.';
    return;
  end if;

  -- The rows are those that were verified: each batch has the digest that its object had, and there are no others.
  select string_agg(d.last_position::text, ', ') into detail
  from (
    select m.last_position
    from {schema}.batch_months m
    join {schema}.batches b on b.last_position = m.last_position
    cross join lateral (
      select count(*) as events, min(e.position) as first, max(e.position) as last,
        sha256('k1s0-event-run/1'::bytea || string_agg({schema}.run_record(e), ''::bytea order by e.position)) as digest
      from {schema}.events e
      where e.recorded_at >= in_month and e.recorded_at < month_end
        and e.position > b.after_position and e.position <= b.last_position
    ) r
    where m.month = in_month
      and (r.events, r.first, r.last, r.digest)
        is distinct from (m.event_count, m.first_in_month, m.last_in_month, m.digest)
    order by m.last_position
    limit 5
  ) d;
  if detail is not null then
    outcome := 'changed';
    detail := format('Its rows are not those of the batches that end at %s.', detail);
    return;
  end if;

  if (select count(*) from {schema}.events e where e.recorded_at >= in_month and e.recorded_at < month_end)
    <> coalesce((select sum(m.event_count) from {schema}.batch_months m where m.month = in_month), 0) then
    outcome := 'changed';
    detail := format('Month %s has rows that no batch has.', partition_name);
    return;
  end if;

  -- Nobody reads or appends any more, and nobody places a hold: what may have come while the month was hashed is seen
  -- now, and nothing comes behind it. The holds last, so that one can be placed while readers are waited for.
  lock table only {schema}.events in access exclusive mode;
  lock table {schema}.archive_holds in share mode;
  select o.outcome, o.detail into obstacle from {schema}.archive_obstacles(in_month) o limit 1;
  if found then
    outcome := obstacle.outcome;
    detail := obstacle.detail;
    return;
  end if;

  execute format('alter table %I.events detach partition %I.%I', {schema_literal}, {schema_literal}, partition_name);
  execute format('drop table %I.%I', {schema_literal}, partition_name);
  update {schema}.store s
  set pruned_bound = greatest(s.pruned_bound, prune_month.bound),
    published_bound = greatest(s.published_bound, prune_month.bound);
  update {schema}.batches b
  set state = 'pruned', epoch = in_epoch, updated_at = clock_timestamp()
  where b.last_position <= prune_month.bound and b.state <> 'pruned';
  bound := (select s.pruned_bound from {schema}.store s);
  outcome := 'done';
end
$$;

-- Makes a month stay for at least so long after its end; never shorter than before. Runs as the owner: an archiver may
-- not shorten it.
create function {schema}.raise_minimum_retention(in_retention interval) returns interval
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  raised interval;
begin
  -- A session that does not want to hear warnings would take an unconfirmed commit for a confirmed one.
  if current_setting('client_min_messages') = 'error' then
    perform set_config('client_min_messages', 'warning', true);
  end if;

  update {schema}.store s set minimum_retention = greatest(s.minimum_retention, in_retention)
  returning s.minimum_retention into raised;
  return raised;
end
$$;

-- What an archiver may call, and nobody else who is not the owner.
create function {schema}.archive_steps() returns setof regprocedure
language sql stable as $$
  select p.oid::regprocedure
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where n.nspname = {schema_literal}
    and p.proname in ('plan_batch', 'begin_upload', 'finish_upload', 'fail_upload', 'verify_batch', 'plan_manifest',
      'abandon_manifest', 'plan_replacement', 'list_manifest', 'allow_prune', 'can_lock_events', 'prune_month',
      'raise_minimum_retention')
$$;

do $$
declare
  step regprocedure;
begin
  for step in select * from {schema}.archive_steps() loop
    execute format('revoke execute on function %s from public', step);
  end loop;
end
$$;

-- Who archives and does nothing else takes the lease of the archive and no other: those of subscriptions and of the
-- ledger are for who may append or seal. In the functions that run as the owner this is the owner.
create function {schema}.refuse_other_lease() returns trigger
language plpgsql as $$
begin
  if not (has_table_privilege(format('%I.events', {schema_literal}), 'insert')
    or has_table_privilege(format('%I.tree_heads', {schema_literal}), 'insert')) then
    raise exception 'permission denied for lease %: % may take the lease ''archive'' alone',
      new.lease_name, current_user using errcode = '42501';
  end if;

  return new;
end
$$;

create trigger leases_insert_own before insert on {schema}.leases
  for each row when (new.lease_name <> 'archive') execute function {schema}.refuse_other_lease();
create trigger leases_update_own before update on {schema}.leases
  for each row when (new.lease_name <> 'archive' or old.lease_name <> 'archive')
  execute function {schema}.refuse_other_lease();

-- The rights of a process that archives; together with those of a writer for one that appends as well. It takes the
-- lease and makes the steps; what they write it may not write otherwise.
create function {schema}.grant_archiver(in_role name) returns void
language plpgsql as $$
declare
  step regprocedure;
begin
  perform {schema}.grant_reader(in_role);
  execute format('grant insert, update on %1$I.leases, %1$I.archive_holds to %2$I', {schema_literal}, in_role);
  for step in select * from {schema}.archive_steps() loop
    execute format('grant execute on function %s to %I', step, in_role);
  end loop;
end
$$;
