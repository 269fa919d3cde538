-- Undoes what was written since the savepoint, which stays.
rollback to one_write
