-- What consumers write: one row an event, in the transaction that moves their position.

create table plain.effects (
  consumer uuid not null,
  event_id uuid not null,
  constraint effects_pkey primary key (consumer, event_id)
);

create table plain.consumers (
  consumer uuid not null,
  position bigint not null,
  constraint consumers_pkey primary key (consumer)
);
