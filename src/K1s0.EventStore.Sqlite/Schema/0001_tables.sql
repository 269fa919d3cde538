-- Tables of the store. The application id reads "K1s0": a file that does not bear it is not touched.
-- Times are whole microseconds since 1970-01-01 UTC, ids are the 16 bytes of a UUID in network order.

pragma application_id = 1261531952;

create table store (
  only_row integer not null,
  store_id blob not null,
  epoch integer not null,
  created_at integer not null,
  constraint store_pkey primary key (only_row),
  constraint store_only_row check (only_row = 1),
  constraint store_id_length check (length(store_id) = 16),
  constraint store_epoch_positive check (epoch > 0)
) strict;

create table streams (
  stream_key integer not null,
  stream_type text not null,
  stream_id text not null,
  version integer not null,
  head_hash blob not null,
  head_event_id blob not null,
  constraint streams_pkey primary key (stream_key),
  constraint streams_name_key unique (stream_type, stream_id),
  constraint streams_version_positive check (version > 0),
  constraint streams_head_hash_length check (length(head_hash) = 32),
  constraint streams_head_event_id_length check (length(head_event_id) = 16)
) strict;

-- Autoincrement: a position is not given out again, even when the last event is taken out of the file.
create table events (
  position integer not null constraint events_pkey primary key autoincrement,
  stream_key integer not null,
  version integer not null,
  schema_version integer not null,
  occurred_at integer not null,
  recorded_at integer not null,
  event_id blob not null,
  -- Null for the first event of a stream.
  previous_event_id blob,
  content_digest blob not null,
  chain_hash blob not null,
  event_type text not null,
  metadata blob not null,
  payload blob not null,
  constraint events_id_key unique (event_id),
  constraint events_place_key unique (stream_key, version),
  constraint events_version_positive check (version > 0),
  constraint events_first_has_no_previous check ((version = 1) = (previous_event_id is null)),
  constraint events_id_length check (length(event_id) = 16),
  constraint events_digest_length check (length(content_digest) = 32 and length(chain_hash) = 32)
) strict;

create table snapshots (
  stream_type text not null,
  stream_id text not null,
  version integer not null,
  state blob not null,
  taken_at integer not null,
  constraint snapshots_pkey primary key (stream_type, stream_id),
  constraint snapshots_version_positive check (version > 0)
) strict;

create table subscriptions (
  consumer text not null,
  owner text not null,
  owner_epoch integer not null,
  -- Null as long as no checkpoint was written.
  position integer,
  store_id blob,
  store_epoch integer,
  chain_hash blob,
  updated_at integer not null,
  constraint subscriptions_pkey primary key (consumer)
) strict;

pragma user_version = 1;
