-- Drops what is left of a rebuild: nothing else ever stands in its schema.
drop schema if exists {rebuild} cascade
