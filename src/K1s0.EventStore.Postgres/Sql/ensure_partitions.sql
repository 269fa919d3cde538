-- Makes partitions ahead; the first moment without one. $1 months ahead
select {schema}.ensure_partitions($1)
