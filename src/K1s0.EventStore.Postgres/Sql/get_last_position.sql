-- The last position that was given out; on a standby up to 32 more, which nobody has yet.
select last_value from {schema}.positions
