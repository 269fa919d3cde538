-- How far a consumer has come. $1 consumer, $2 position
insert into plain.consumers (consumer, position) values ($1, $2)
on conflict on constraint consumers_pkey do update set position = excluded.position
