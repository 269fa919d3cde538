-- Remembers the version that the schema was migrated to. $1 version
update {schema}.store set schema_version = $1
