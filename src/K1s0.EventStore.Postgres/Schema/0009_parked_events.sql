-- Events that subscriptions have put aside, until they are replayed. The payload stays in the feed.

create table {schema}.parked_events (
  consumer text collate "C" not null,
  position bigint not null,
  stream_type text collate "C" not null,
  stream_id text collate "C" not null,
  event_id uuid not null,
  event_type text collate "C" not null,
  -- 0 and null when the event only waits behind another one of its stream.
  attempts int not null,
  cause text,
  parked_at timestamptz not null,
  constraint parked_events_pkey primary key (consumer, position),
  constraint parked_events_attempts_positive check (attempts >= 0)
);

create or replace function {schema}.grant_writer(in_role name) returns void
language plpgsql as $$
begin
  perform {schema}.grant_reader(in_role);
  execute format('grant insert on %1$I.events, %1$I.event_ids, %1$I.access_log to %2$I', {schema_literal}, in_role);
  execute format('grant insert, update on %1$I.streams, %1$I.snapshots, %1$I.subscriptions, %1$I.leases,
    %1$I.parked_events to %2$I',
    {schema_literal}, in_role);
  execute format('grant delete on %1$I.snapshots, %1$I.parked_events to %2$I', {schema_literal}, in_role);
  execute format('grant update (published_bound) on %1$I.store to %2$I', {schema_literal}, in_role);
  execute format('grant usage on all sequences in schema %1$I to %2$I', {schema_literal}, in_role);
end
$$;
