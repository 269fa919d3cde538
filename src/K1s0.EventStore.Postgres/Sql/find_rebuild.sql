-- Whether an unfinished rebuild is there. $1 quoted name of the table of its lanes
select to_regclass($1) is not null
