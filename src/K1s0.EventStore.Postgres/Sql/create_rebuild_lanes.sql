-- How far each lane of a rebuild has come.
create table {rebuild}.k1s0_rebuild_lanes (
  lane int not null,
  lanes int not null,
  projection text not null,
  store_id uuid not null,
  store_epoch bigint not null,
  owner_epoch bigint not null,
  position bigint not null,
  events bigint not null,
  constraint k1s0_rebuild_lanes_pkey primary key (lane)
)
