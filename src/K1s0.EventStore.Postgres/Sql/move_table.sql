-- Moves a table, with its indexes, constraints and sequences, into another schema.
alter table {table} set schema {target_schema}
