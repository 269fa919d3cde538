-- Draws the number of an attempt. $1 epoch of the lease, $2 last position of the batch
select outcome, detail, attempt from {schema}.begin_upload($1, $2)
