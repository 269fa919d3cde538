-- The log is cut back to 64 MiB after a burst; functions with effects cannot be called from the schema of a file that
-- somebody else prepared.
pragma journal_size_limit = 67108864;
pragma trusted_schema = off;
