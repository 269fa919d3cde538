-- Ends the import.
select store_id, epoch from {schema}.end_import()
