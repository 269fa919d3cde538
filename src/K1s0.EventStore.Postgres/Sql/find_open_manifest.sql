-- The manifest that is planned and not known to be put; no row when there is none.
select number, digest, content, through_position from {schema}.archive_manifests where listed_at is null
