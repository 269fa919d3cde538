-- Adds a batch of leaves to the log, or nothing. Parameters: see Schema/0008_ledger.sql.
select outcome, sealed_at from {schema}.seal_leaves($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
