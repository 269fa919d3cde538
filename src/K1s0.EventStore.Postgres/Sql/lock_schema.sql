-- One migration of a schema at a time. $1 schema name
select pg_advisory_xact_lock(hashtextextended('k1s0 event store schema ' || $1, 0))
