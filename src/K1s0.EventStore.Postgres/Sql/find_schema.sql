-- Whether the schema, and the store in it, are there. $1 schema name
select exists (select from pg_namespace where nspname = $1),
  exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname =
    'store')
