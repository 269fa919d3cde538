-- Forgets the savepoint and keeps what was written.
release one_write
