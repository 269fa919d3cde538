-- The newest head of the log.
select tree_size, root, last_position, sealed_at, note from {schema}.tree_heads order by tree_size desc limit 1
