-- Names the store. $1 store id, $2 now
insert into store (only_row, store_id, epoch, created_at) values (1, $1, 1, $2)
