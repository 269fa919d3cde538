-- One at a time makes or swaps the tables of a projection. $1 quoted name of its first table
select pg_advisory_xact_lock(hashtextextended('k1s0 event store projection ' || $1, 0))
