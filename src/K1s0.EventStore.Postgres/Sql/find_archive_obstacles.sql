-- What is in the way of a month's leaving, batches aside. $1 first moment of the month
select outcome, detail from {schema}.archive_obstacles($1)
