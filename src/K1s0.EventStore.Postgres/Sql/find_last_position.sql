-- The last position that was drawn
select last_value from {schema}.positions
