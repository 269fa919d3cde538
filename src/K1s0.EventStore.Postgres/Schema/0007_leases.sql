-- Leases: the right to do something alone for a while, by the server's clock.

-- A row stays when its lease has ended, so that no epoch is used again.
create table {schema}.leases (
  lease_name text collate "C" not null,
  owner text not null,
  -- The fencing token: raised by every acquisition.
  epoch bigint not null,
  expires_at timestamptz not null,
  constraint leases_pkey primary key (lease_name),
  constraint leases_epoch_positive check (epoch > 0)
);

-- Acquires a lease that is free; no row when somebody holds it. A row that somebody has locked is held: a write that is
-- guarded by the lease is under way, and nobody waits for it here.
create function {schema}.acquire_lease(in_name text, in_owner text, in_duration interval)
returns table (epoch bigint, expires_at timestamptz)
language plpgsql as $$
#variable_conflict use_column
begin
  return query
  insert into {schema}.leases as l (lease_name, owner, epoch, expires_at)
  values (in_name, in_owner, 1, clock_timestamp() + in_duration)
  on conflict on constraint leases_pkey do nothing
  returning l.epoch, l.expires_at;
  if found then
    return;
  end if;

  return query
  update {schema}.leases l
  set owner = in_owner, epoch = l.epoch + 1, expires_at = clock_timestamp() + in_duration
  where l.lease_name in (
    select f.lease_name from {schema}.leases f
    where f.lease_name = in_name and f.expires_at <= clock_timestamp()
    for update skip locked)
  returning l.epoch, l.expires_at;
end
$$;

-- Whether the lease counts, from now until the caller's transaction ends: the row stays locked, so nobody can acquire
-- it before what is written here is visible or undone. A holder that falls asleep with the transaction open must not
-- keep the lease for ever: the server ends its session when the transaction has been idle for the rest of the lease.
create function {schema}.guard_lease(in_name text, in_epoch bigint) returns boolean
language plpgsql as $$
declare
  rest_milliseconds bigint;
  limit_milliseconds bigint;
begin
  select greatest(1, ceil(extract(epoch from l.expires_at - clock_timestamp()) * 1000))
  into rest_milliseconds
  from {schema}.leases l
  where l.lease_name = in_name and l.epoch = in_epoch and l.expires_at > clock_timestamp()
  for share;
  if not found then
    return false;
  end if;

  select s.setting::bigint into limit_milliseconds
  from pg_settings s where s.name = 'idle_in_transaction_session_timeout';
  if limit_milliseconds = 0 or limit_milliseconds > rest_milliseconds then
    perform set_config('idle_in_transaction_session_timeout', rest_milliseconds::text, true);
  end if;

  return true;
end
$$;

create or replace function {schema}.grant_writer(in_role name) returns void
language plpgsql as $$
begin
  perform {schema}.grant_reader(in_role);
  execute format('grant insert on %1$I.events, %1$I.event_ids, %1$I.access_log to %2$I', {schema_literal}, in_role);
  execute format('grant insert, update on %1$I.streams, %1$I.snapshots, %1$I.subscriptions, %1$I.leases to %2$I',
    {schema_literal}, in_role);
  execute format('grant delete on %1$I.snapshots to %2$I', {schema_literal}, in_role);
  execute format('grant update (published_bound) on %1$I.store to %2$I', {schema_literal}, in_role);
  execute format('grant usage on all sequences in schema %1$I to %2$I', {schema_literal}, in_role);
end
$$;
