-- The point that a refused write goes back to without disturbing its neighbours.
savepoint one_write
