-- Makes a month stay for at least so long after its end; never shorter than before. $1 how long
select {schema}.raise_minimum_retention($1)
