-- Holds a manifest that lists one batch in the place of others. $1 epoch of the lease, $2 number, $3 digest, $4 digest
-- of the last one, $5 bytes; the batch: $6 after, $7 first, $8 last, $9 events, $10 earliest, $11 latest, $12 bytes of
-- its lines, $13 key, $14 bytes, $15 digest, $16 digest of the index, $17 digest of all events; by month: $18 first
-- moments, $19 events, $20 first positions, $21 last positions, $22 digests; $23 keys of those that go, in order
select outcome, detail from {schema}.plan_replacement($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
  $16, $17, $18, $19, $20, $21, $22, $23)
