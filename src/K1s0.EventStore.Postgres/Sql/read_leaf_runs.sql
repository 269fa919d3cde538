-- Where runs of leaves begin. $1 a leaf in the first run, $2 most rows
select first_index, first_position from {schema}.leaf_runs
where first_index >= coalesce(
  (select r.first_index from {schema}.leaf_runs r where r.first_index <= $1 order by r.first_index desc limit 1), 0)
order by first_index
limit $2
