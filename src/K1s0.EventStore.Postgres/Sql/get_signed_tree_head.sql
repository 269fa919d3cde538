-- The newest head of the log that is signed.
select tree_size, root, last_position, sealed_at, note from {schema}.tree_heads
where note is not null order by tree_size desc limit 1
