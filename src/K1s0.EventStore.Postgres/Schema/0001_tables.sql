-- Tables of the store. {schema} is the quoted schema name, {schema_literal} the same as a string literal.

create table {schema}.store (
  only_row boolean not null default true,
  store_id uuid not null,
  epoch bigint not null default 1,
  schema_version int not null,
  -- First key of the advisory locks by which appends in flight hold back the feed. Drawn, so that it meets no other
  -- user's.
  floor_key int not null,
  -- No event is recorded before this time: months before it are closed, whatever the server's clock says.
  recorded_floor timestamptz not null,
  -- The settled bound as the primary last stored it, for readers on a standby, which cannot see the locks.
  published_bound bigint not null default 0,
  created_at timestamptz not null default clock_timestamp(),
  constraint store_pkey primary key (only_row),
  constraint store_only_row check (only_row)
);

insert into {schema}.store (store_id, schema_version, floor_key, recorded_floor)
values (gen_random_uuid(), 0, (random() * 2147483646)::int, date_trunc('month', clock_timestamp(), 'UTC'));

-- One row. The planner takes a small table that was never analysed for hundreds of rows, and nothing analyses this one.
analyze {schema}.store;

-- CACHE 1: a block per session would break the order of the feed. The first number is burnt, so that the value of a
-- sequence that was never used need not be told from that of one that was used once.
create sequence {schema}.positions as bigint minvalue 1 start 1 cache 1 no cycle;
select nextval('{schema}.positions');

create table {schema}.streams (
  stream_key bigint generated always as identity,
  stream_type text collate "C" not null,
  stream_id text collate "C" not null,
  version bigint not null,
  head_hash bytea not null,
  head_event_id uuid not null,
  -- The head before the last append, and what that append expected (null: any).
  prior_version bigint not null,
  prior_hash bytea not null,
  prior_event_id uuid,
  expected bigint,
  -- No event of the stream is recorded before.
  created_at timestamptz not null,
  -- The key of the name alone: stream_key is drawn by the identity and looked up nowhere, so an index on it would only
  -- cost.
  constraint streams_name_key primary key (stream_type, stream_id),
  constraint streams_version_positive check (version > prior_version and prior_version >= 0),
  constraint streams_head_hash_length check (octet_length(head_hash) = 32)
) with (fillfactor = 80);

create table {schema}.events (
  position bigint not null,
  stream_key bigint not null,
  version bigint not null,
  schema_version int not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null,
  event_id uuid not null,
  -- Null for the first event of a stream.
  previous_event_id uuid,
  content_digest bytea not null,
  chain_hash bytea not null,
  stream_type text collate "C" not null,
  stream_id text collate "C" not null,
  event_type text collate "C" not null,
  -- Members of the metadata, repeated here for their indexes.
  actor text collate "C",
  correlation_id text collate "C",
  metadata bytea not null,
  payload bytea not null
) partition by range (recorded_at);

create index events_event_type_idx on {schema}.events (event_type, position);
create index events_recorded_at_idx on {schema}.events using brin (recorded_at);
create index events_correlation_id_idx on {schema}.events (correlation_id) where correlation_id is not null;
create index events_actor_idx on {schema}.events (actor) where actor is not null;

-- One row an event, over all months and after a month was moved away: an id, and a place in a stream, are taken once
-- and for ever. A partitioned table cannot hold such a constraint by itself.
create table {schema}.event_ids (
  event_id uuid not null,
  stream_key bigint not null,
  version bigint not null,
  constraint event_ids_pkey primary key (event_id),
  constraint event_ids_place_key unique (stream_key, version)
);

create table {schema}.snapshots (
  stream_type text collate "C" not null,
  stream_id text collate "C" not null,
  version bigint not null,
  state bytea not null,
  taken_at timestamptz not null,
  constraint snapshots_pkey primary key (stream_type, stream_id),
  constraint snapshots_version_positive check (version > 0)
);

create table {schema}.subscriptions (
  consumer text collate "C" not null,
  owner text not null,
  owner_epoch bigint not null,
  -- Null as long as no checkpoint was written.
  position bigint,
  store_id uuid,
  store_epoch bigint,
  chain_hash bytea,
  updated_at timestamptz not null,
  constraint subscriptions_pkey primary key (consumer)
);

-- Who looked at what, and why. Written by the packages that hand out personal data.
create table {schema}.access_log (
  access_id bigint generated always as identity,
  accessed_at timestamptz not null default clock_timestamp(),
  actor text not null,
  justification text,
  stream_type text collate "C",
  stream_id text collate "C",
  event_id uuid,
  access_kind text not null,
  constraint access_log_pkey primary key (access_id)
);
