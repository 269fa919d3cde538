-- The version of the schema.
select schema_version from {schema}.store
