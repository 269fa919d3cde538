-- Drops a table that has been replaced; what depends on it and is not of the projection keeps it from being dropped.
drop table if exists {table}
