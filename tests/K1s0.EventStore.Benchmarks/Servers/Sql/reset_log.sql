-- Empties the store's log, past its guards, so that the same events can be sealed again.
begin;
set local session_replication_role = replica;
truncate event_store.tiles, event_store.leaf_runs, event_store.tree_heads;
commit
