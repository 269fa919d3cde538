-- How many of the tables exist. $1 quoted names
select count(to_regclass(name)) from unnest($1::text[]) as name
