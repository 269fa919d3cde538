-- The number of the last migration; 0 when there was none.
pragma user_version
