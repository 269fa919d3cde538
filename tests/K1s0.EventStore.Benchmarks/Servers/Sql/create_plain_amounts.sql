-- An empty table for sums by stream.
drop table if exists plain.amounts;
create table plain.amounts (stream text primary key, cents bigint not null, events bigint not null)
