-- Reading the feed safely.

-- Up to which position the feed is final, and who holds it back, if anybody does.
--
-- A number up to the sequence's value S was drawn by an append that had already taken a lock on a smaller number L. If
-- that append is still running, its lock is in pg_locks and L bounds the result; if the lock is gone, the append has
-- ended, and PostgreSQL makes a commit visible before it releases the locks. So S is read first, the locks after it,
-- and events in a later statement. Locks carry L modulo 2^31; L lies within the last 2^31 numbers before the sequence's
-- value T read last.
create function {schema}.settled_bound() returns table (
  bound bigint,
  last_position bigint,
  holder_pid int,
  holder_application text,
  holder_since timestamptz,
  holder_gid text,
  holder_owner text,
  holder_database text
)
language plpgsql volatile as $$
#variable_conflict use_column
declare
  sequence_before bigint;
  lowest record;
  final_bound bigint;
begin
  if pg_is_in_recovery() then
    -- Locks of the primary are not visible here: its stored bound counts.
    return query select s.published_bound, s.published_bound, null::int, null::text, null::timestamptz, null::text,
      null::text, null::text from {schema}.store s;
    return;
  end if;

  if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
    raise exception
      'the feed is read at isolation level read committed only: an older snapshot would miss events below the bound'
      using errcode = '25001';
  end if;

  sequence_before := (select last_value from {schema}.positions);
  with held as materialized (
    select l.pid, l.virtualtransaction as owner, l.objid::bigint as key
    from pg_locks l
    where l.locktype = 'advisory' and l.objsubid = 2 and l.granted and l.mode = 'ShareLock'
      and l.classid = (select floor_key from {schema}.store)::oid
      and l.database = (select oid from pg_database where datname = current_database())
  ),
  later as materialized (
    select p.last_value from {schema}.positions p where (select count(*) from held) >= 0
  )
  select later.last_value as sequence_after, h.pid, h.owner,
    later.last_value - ((later.last_value - h.key) & 2147483647) as floor
  into lowest
  from later left join held h on true
  order by floor nulls last
  limit 1;
  final_bound := least(sequence_before, coalesce(lowest.floor, sequence_before));

  -- A crash takes what has not reached the disk, and the sequence with it: a number that was drawn and rolled back is
  -- then drawn again, and whoever was told to go on behind it would miss the event that gets it. What is visible is on
  -- disk, and all numbers up to it: the bound stops there, unless everything is. (What was published is on disk too.)
  if pg_current_wal_flush_lsn() < pg_current_wal_insert_lsn() then
    final_bound := greatest(
      (select max(e.position) from {schema}.events e where e.position <= final_bound),
      (select s.published_bound from {schema}.store s));
  end if;

  -- A prepared transaction has no process any more, and until a restart its locks still name the virtual transaction of
  -- the session that it was prepared in: what leads to its name is the transaction id that it holds locked as well.
  return query
  select final_bound, sequence_before, a.pid, a.application_name, coalesce(a.xact_start, p.prepared), p.gid,
    p.owner::text, p.database::text
  from (select 1) as one
  left join pg_stat_activity a on a.pid = lowest.pid and lowest.floor < sequence_before
  left join lateral (
    select x.gid, x.prepared, x.owner, x.database
    from pg_locks l join pg_prepared_xacts x on x.transaction = l.transactionid
    where lowest.pid is null and lowest.floor < sequence_before
      and l.locktype = 'transactionid' and l.pid is null and l.virtualtransaction = lowest.owner
  ) p on true;
end
$$;

-- Stores the bound for readers on a standby.
create function {schema}.publish_bound() returns bigint
language sql volatile as $$
  update {schema}.store
  set published_bound = greatest(published_bound, (select bound from {schema}.settled_bound()))
  returning published_bound
$$;

-- Begins a new life of the store: run it after a restore that lost events, before consumers start. Checkpoints of the
-- old life are refused from now on instead of being misread. Returns the new epoch.
create function {schema}.begin_epoch() returns bigint
language sql volatile as $$
  update {schema}.store set epoch = epoch + 1 returning epoch
$$;

-- A page of the feed for other languages: events behind in_after, up to the settled bound.
create function {schema}.read_feed(in_after bigint, in_max_count int default 1000)
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
  select s.bound into strict final_bound from {schema}.settled_bound() s;
  return query
  select e.position, e.stream_type, e.stream_id, e.version, e.event_id, e.event_type, e.schema_version, e.occurred_at,
    e.recorded_at, convert_from(e.metadata, 'UTF8'), convert_from(e.payload, 'UTF8'), e.chain_hash
  from {schema}.events e
  where e.position > in_after and e.position <= final_bound
  order by e.position
  limit in_max_count;
end
$$;

-- A stream in order, for other languages.
create function {schema}.read_stream(in_stream_type text, in_stream_id text, in_from_version bigint default 1)
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
language sql stable as $$
  select e.version, e.position, e.event_id, e.event_type, e.schema_version, e.occurred_at, e.recorded_at,
    convert_from(e.metadata, 'UTF8'), convert_from(e.payload, 'UTF8'), e.chain_hash
  from {schema}.events e
  where e.stream_key = (
      select s.stream_key from {schema}.streams s where s.stream_type = in_stream_type and s.stream_id = in_stream_id)
    and e.version >= in_from_version
  order by e.version
$$;
