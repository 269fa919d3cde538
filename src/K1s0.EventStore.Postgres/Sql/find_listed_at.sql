-- When a manifest was listed; no row when it is not known. $1 number
select listed_at from {schema}.archive_manifests where number = $1 and listed_at is not null
