-- Begins an import, or goes on with one. $1 store id, $2 epoch, $3 last position
select {schema}.begin_import($1, $2, $3)
