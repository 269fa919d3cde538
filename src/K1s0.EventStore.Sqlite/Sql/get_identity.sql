-- Id and epoch of the store.
select store_id, epoch from store
