-- Positions of the time before mean nothing any more.
update store set epoch = epoch + 1 returning store_id, epoch
