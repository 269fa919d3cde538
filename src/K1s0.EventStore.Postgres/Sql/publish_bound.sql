-- Stores the settled bound for readers on a standby.
select {schema}.publish_bound()
